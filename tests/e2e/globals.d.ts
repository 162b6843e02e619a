// What the pages of the end-to-end tests have on their window: elements by their id, and what a test leaves there.
type Element_ = import('../../www/anomaly-widget.js').AnomalyWidgetElement;
/** An element that has data. */
type Widget = Omit<Element_, 'report' | 'shadowRoot'> & { report: import('../../www/anomaly-widget.js').Report; shadowRoot: ShadowRoot };
interface Window {
  widget: Widget;
  stream: Widget;
  heard: string[];
  box: ParentNode;
}
interface HTMLElementEventMap {
  'anomaly-error': CustomEvent<import('../../www/anomaly-widget.js').WidgetError>;
}
