// What a user of the package may write; compiled, never run.
import { AnomalyWidgetElement, WidgetError, createEngine } from 'anomaly-widget';
import type { AnomalyEvent, FeedOptions, Report } from 'anomaly-widget';
import 'anomaly-widget/define';

const widget = document.createElement('anomaly-widget') as AnomalyWidgetElement;
widget.detector = 'auto';
widget.sensitivity = 60;
widget.threshold = 'sigma 4';
widget.data = { time: new Float64Array([0, 1000]), value: new Float64Array([1, 2]) };
widget.addEventListener('anomaly-detect', (event) => {
  const found: AnomalyEvent[] = (event as CustomEvent<AnomalyEvent[]>).detail;
  for (const { start, end, severity } of found) console.log(new Date(start), end - start, severity.toFixed(1));
});

const options: FeedOptions = { heartbeatMs: 10_000 };
widget.connect('wss://example.org/feed', options);

export async function scores(values: number[]): Promise<Float64Array> {
  const engine = await createEngine();
  try {
    const report: Report = await engine.analyse(values, { detector: 'knn' });
    return report.scores;
  } catch (error) {
    if (error instanceof WidgetError) console.error(error.code, error.hint ?? '');
    throw error;
  } finally {
    engine.dispose();
  }
}
