"""Speed compared with common alternatives: ratios of two sides that take turns in the same run.

training_input  batches for training against those of Keras's loaders and of torchvision's
step            training fed by those batches against training on one batch, and that in PyTorch
preprocess      the stage against decoding and resizing alone
features        the stage extract against the tutorial's `predict`
scratch         the stage train against the tutorial's `fit`, 2 and 20 epochs
head            the stage train_head against the tutorial's `fit`
pipeline        `dvc repro` against the tutorial as one script
orchestration   `dvc repro` of stages that do no work against the bare start of their modules
experiment      `dvc exp run -S train.dropout=...` against its two stages alone
full_size       all stages on all images against the tutorial's steps, scaled from a few epochs

`python -m benchmarks.gpu` is separate: images/s of the networks on a GPU and the share of its peak,
with Keras on JAX (`gpu_jax`) or PyTorch (`gpu_torch`). `gpu_work` builds the models and batches,
`flops` counts operations.

`python -m benchmarks.scale` measures memory and time of each stage by the number of images.

`harness` measures both sides with `usage`, `workspace` prepares the images, `page` writes the
results. `tutorial`, `decode`, `torch_input` and `torch_cnn` are peers that run as their own
programs; `torch_process` starts the last two.
"""
