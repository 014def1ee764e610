"""Commands that are not stages: `python -m tools.<name> --help`.

    preset        put a named experiment into params.yaml
    report        a page about the last run
    predict       what images show, by the trained classifier
    compare       a branch against the one it left, for reviewers
    experiments   a table and a plot of DVC's experiments
    submit        a competition's test images, as a submission to Kaggle
    results       run presets and keep what they give in docs/results.md
    export        the classifier as ONNX, LiteRT, SavedModel, each checked against Keras

Each is a module here; the folders hold what they are made of.
"""
