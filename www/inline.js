// The whole package in one file: worker and wasm are inside, nothing is fetched but the models that a detector needs.

// @ts-ignore The build hands in the bytes.
import wasm from '../pkg/anomaly_widget_bg.wasm';
// @ts-ignore The build hands in the text of worker.js.
import workerText from 'worker:text';
import { AnomalyWidgetElement } from './anomaly-widget.js';

AnomalyWidgetElement.assets = {
  wasm,
  get worker() { return new URL(URL.createObjectURL(new Blob([workerText], { type: 'text/javascript' }))); },
};

export * from './define.js';
