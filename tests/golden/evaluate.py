"""Makes evaluate.json: runs the metric functions of a reference scorer (quality_score.py, nab_score.py of the data
kit, given by the folder in argv[1]) on seeded synthetic scores. Needs numpy."""
import json
import sys

import numpy as np

sys.path.insert(0, sys.argv[1])
import nab_score as nab
import quality_score as quality

out = {"source": "quality_score.py and nab_score.py", "description": __doc__, "quality": {}, "nab": {}}
for seed, labels in enumerate([[(120, 140)], [(50, 60), (300, 420)], [(395, 399)], [(0, 3), (7, 7)]]):
    rng = np.random.default_rng(seed)
    y = np.zeros(430)
    for a, b in labels:
        y[a:b + 1] = 1
    scores = np.round(rng.gamma(2.0, 1.0, 430) + 2.0 * y * rng.random(430), 2)
    events = [(110, 125), (200, 210), (400, 410)]
    order, ends = quality.ordering(scores)
    precision, recall, f1 = quality.prf(*quality.overlap(labels, events))
    case = {"scores": scores.tolist(), "labels": labels, "events": events,
            "auc_pr": quality.average_precision(y, order, ends), "vus_pr": quality.vus_pr(y, order, ends, 100),
            "precision": precision, "recall": recall, "f1": f1}
    if len(labels) == 1:
        case["top1_len"] = quality.top1(scores, labels, 0)[1]
    out["quality"][f"seed {seed}"] = case
for seed in range(3):
    rng = np.random.default_rng(100 + seed)
    corpus = []
    for windows in [[(200, 240)], [(90, 130), (300, 333)], []]:
        scores = np.round(rng.gamma(2.0, 1.0, 400), 2)
        for a, b in windows:
            scores[a + 5:a + 8] += 4.0
        corpus.append({"scores": scores.tolist(), "windows": windows})
    series = [nab.Series("s", c["scores"], c["windows"]) for c in corpus]
    thresholds, raw = nab.sweep(series, "standard")
    counted = sum(len(c["windows"]) for c in corpus)
    out["nab"][f"seed {seed}"] = {"corpus": corpus, "standard": nab.normalise(raw.max(), counted, counted, "standard")}
json.dump(out, open("evaluate.json", "w"))
