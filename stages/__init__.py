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

import resource
import signal
import sys

# The default run needs between 2.5 and 3.5 GB; with less, TensorFlow crashes without a message.
ADDRESS_SPACE = 4_000_000_000  # bytes

if sys.argv[0] == "-m":
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if 0 <= limit < ADDRESS_SPACE:
        sys.exit(
            f"this system allows {limit / 1e9:.1f} GB of address space (ulimit -v); TensorFlow "
            "needs 4 GB or more. Raise the limit, then run the same command again."
        )
    # Until `runner.run` takes over, Ctrl-C during the imports ends the stage without a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
