"""Commands that are not stages: `python -m tools.<name> --help`.

    preset        put a named experiment into params.yaml
    report        a page about the last run
    experiments   a table and a plot of DVC's experiments
    results       run presets and keep what they give in docs/results.md
    predict       what images show, by the trained classifier
    app           the same as a web page
    look_inside   what the classifier looks at in a picture
    export        the classifier as ONNX, LiteRT, SavedModel, each checked against Keras
    submit        a competition's test images, as a submission to Kaggle
    compare       a branch against the one it left, for reviewers

Each is a module here; the folders hold what they are made of, `command_line` what all share.
"""
