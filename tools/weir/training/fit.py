"""Trains trees with XGBoost: fit.py reads a request as JSON from its standard input, and answers with one line of JSON.

The request names files of raw little-endian numbers: `rows` (float32, row by row, NaN = missing) and `frauds` (uint8).
Rows are in the order of time. The first `split` of them train a model whose margins for the others go to `margins`
(float32): of rows that are later than all that it knows. Then all of them train the model that goes to `model`.
"""

import json
import sys

import numpy
import xgboost

request = json.load(sys.stdin)
names = request["names"]
rows = numpy.fromfile(request["rows"], dtype="<f4").reshape(-1, len(names))
frauds = numpy.fromfile(request["frauds"], dtype="u1")
settings = dict(request["settings"])
trees = settings.pop("trees")
split = request["split"]


def trained(count):
    data = xgboost.DMatrix(rows[:count], frauds[:count], feature_names=names, nthread=settings["nthread"])
    return xgboost.train(settings, data, trees)


later = xgboost.DMatrix(rows[split:], feature_names=names, nthread=settings["nthread"])
trained(split).predict(later, output_margin=True).astype("<f4").tofile(request["margins"])
trained(len(rows)).save_model(request["model"])
print(json.dumps({"library": f"xgboost {xgboost.__version__}"}))
