// Starts one of the project's commands: `node scripts/run.mjs NAME [ARGUMENT...]`.
//
// This file must parse in an old Node, so that an old Node gets a sentence and not a syntax error: it uses
// nothing newer than dynamic import, and imports everything else after the check.

const oldest = 20;
const major = Number(process.versions.node.split('.')[0]);

if (major < oldest) {
  console.error('Node ' + oldest + ' or newer is needed, this is ' + process.versions.node + ': install it from https://nodejs.org or with your package manager, then run the command again.');
  process.exit(1);
}

const name = process.argv[2];
const commands = ['start', 'setup', 'build', 'test', 'lint', 'docs', 'picture'];
if (!commands.includes(name)) {
  console.error('unknown command "' + name + '"; known are: ' + commands.join(', '));
  process.exit(2);
}

import('./' + name + '.mjs')
  .then((command) => command.main(process.argv.slice(3)))
  .catch((error) => {
    // A `Stop` is a message for the reader; anything else is a bug and keeps its stack.
    console.error(error && error.name === 'Stop' ? error.message : error);
    process.exitCode = 1;
  });
