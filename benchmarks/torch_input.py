"""The peer of benchmarks/training_input.py in torchvision, for an interpreter that has it.

    $TORCH_PYTHON benchmarks/torch_input.py FOLDER HEIGHT WIDTH BATCH_SIZE

Prints "ready". Then, for each line on stdin, reads one epoch and prints its number of images.
"""

import sys

from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import ImageFolder


def main() -> None:
    folder, height, width, batch_size = sys.argv[1], *map(int, sys.argv[2:])
    change = transforms.Compose(
        [
            transforms.Resize((height, width)),
            transforms.RandomAffine(
                degrees=0,
                shear=0.2,
                scale=(0.8, 1.2),
                interpolation=transforms.InterpolationMode.BILINEAR,
            ),
            transforms.RandomHorizontalFlip(),
            transforms.ToTensor(),
        ]
    )
    loader = DataLoader(
        ImageFolder(folder, change),
        batch_size=batch_size,
        shuffle=True,
        num_workers=2,
        persistent_workers=True,
    )
    print("ready", flush=True)
    for _ in sys.stdin:
        print(sum(len(images) for images, _ in loader), flush=True)


if __name__ == "__main__":
    main()
