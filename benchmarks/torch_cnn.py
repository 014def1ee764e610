"""The scratch CNN of dogs-vs-cats in PyTorch, for an interpreter that has it.

    $TORCH_PYTHON benchmarks/torch_cnn.py bfloat16|float32 HEIGHT WIDTH BATCH_SIZE STEPS

Prints "ready". Then, for each line on stdin, trains STEPS steps on one batch and prints their
number. As PyTorch's guides recommend for CPUs: bfloat16 by autocast, and channels_last.
"""

import sys

import torch
from torch import nn


def main() -> None:
    dtype = sys.argv[1]
    height, width, batch_size, steps = map(int, sys.argv[2:])
    model = cnn(height, width).to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9)
    images = torch.rand(batch_size, 3, height, width).to(memory_format=torch.channels_last)
    labels = torch.randint(2, (batch_size,))
    print("ready", flush=True)
    for _ in sys.stdin:
        for _ in range(steps):
            optimizer.zero_grad()
            with torch.autocast("cpu", torch.bfloat16, enabled=dtype == "bfloat16"):
                loss = nn.functional.cross_entropy(model(images), labels)
            loss.backward()
            optimizer.step()
        print(steps, flush=True)


def cnn(height: int, width: int) -> nn.Module:
    """Return the network of benchmarks/tutorial.py, without its softmax."""
    layers: list[nn.Module] = []
    for before, after in ((3, 32), (32, 32), (32, 64)):
        layers += [nn.Conv2d(before, after, 3, padding="same"), nn.ReLU(), nn.MaxPool2d(2)]
    flat = 64 * (height // 8) * (width // 8)
    return nn.Sequential(
        *layers,
        nn.Dropout(0.25),
        nn.Flatten(),
        nn.Linear(flat, 64),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(64, 2),
    )


if __name__ == "__main__":
    main()
