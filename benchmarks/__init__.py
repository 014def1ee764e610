"""Speed against what people use instead: ratios, both sides in the same run, in turn.

training_input  batches for training against those of Keras's loaders and of torchvision's
step            training fed by those batches against training on one batch that never changes
preprocess      the stage against decoding and resizing alone
features        the stage extract against the tutorial's `predict`
scratch         the stage train against the tutorial's `fit`
head            the stage train_head against the tutorial's `fit`
pipeline        `dvc repro` against the tutorial as one script
orchestration   `dvc repro` of stages that do no work against the bare start of their modules

`python -m benchmarks.gpu` stands for itself: images/s of the networks on a GPU and the share of its
peak, by Keras on JAX (`gpu_jax`) or PyTorch (`gpu_torch`); `gpu_work` builds, `flops` counts.

`harness` times, `workspace` prepares the images, `page` keeps the results; `tutorial`, `decode` and
`torch_input` are peers that run as programs of their own.
"""
