// Registers <anomaly-widget>. The first copy of the package on a page wins.

import { AnomalyWidgetElement } from './anomaly-widget.js';

export * from './anomaly-widget.js';

if (globalThis.customElements) {
  if (customElements.get('anomaly-widget')) console.warn('anomaly-widget: <anomaly-widget> is registered already; this second copy of the package is not used.');
  else customElements.define('anomaly-widget', AnomalyWidgetElement);
}
