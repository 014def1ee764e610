"""The pipeline: one runnable module per stage, `python -m stages.<name>`, wired in dvc.yaml.

1  download     a source                  -> data/raw/         one archive and source.json
2  organize     data/raw                  -> data/organized/   <split>/<class>/<file>
3  preprocess   data/organized            -> data/tfrecords/   TFRecords and dataset.json
4  train        data/tfrecords            -> models/scratch.keras
5  extract      data/tfrecords            -> data/features/    bottleneck features
6  train_head   data/features, tfrecords  -> models/head.keras
7  evaluate     both models, test split   -> metrics/evaluate.json, metrics/evaluate/

The stages import from the package `convline`.
"""

import signal
import sys

if sys.argv[0] == "-m":
    # Until `runner.run` takes over, Ctrl-C during the imports ends the stage without a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
