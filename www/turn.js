/** Lets whatever else waits have its turn: messages, input, a frame. @returns {Promise<void>} */
export const turn = () => new Promise((next) => {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => { port1.close(); next(); };
  port2.postMessage(null);
});
