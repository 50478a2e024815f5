"""A program like the course's (the slides' last part), which fcnet replaces; kept for comparison.

It decodes each PNG with Pillow every time, trains 784-500-10 with Adam, tests image by image after each epoch, and
saves a state_dict. Run it on the folder that ``fcnet data mnist`` writes:

    python scripts/course_program.py data/mnist --epochs 10 --out model.pth

The course's program draws different weights and another order of the images each time; ``--seed`` fixes them, so that
its accuracy is reproducible.
"""

import argparse
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms


class FCNet(nn.Module):
    """The slides' net: fc1, relu, fc2."""

    def __init__(self, input_size: int, hidden_size: int, output_size: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(input_size, hidden_size)
        self.relu = nn.ReLU()
        self.fc2 = nn.Linear(hidden_size, output_size)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits of flat images."""
        return self.fc2(self.relu(self.fc1(x)))


class NumberedImages(Dataset):
    """Images 0.png, 1.png, ... and a text file of labels, decoded one at a time."""

    def __init__(self, folder: Path, labels: Path) -> None:
        self.folder = folder
        self.labels = labels.read_text().splitlines()
        self.transform = transforms.Compose([transforms.Resize((28, 28)), transforms.ToTensor()])

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        image = Image.open(self.folder / f"{index}.png")
        return self.transform(image), int(self.labels[index])


def main() -> None:
    """Train, test and save as the course's program does."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path, help="folder with train-images, train-labels.txt, t10k-...")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--out", type=Path, default=Path("model.pth"))
    parser.add_argument("--seed", type=int, help="of weights and order of the images (default: different each time)")
    args = parser.parse_args()
    if args.seed is not None:
        torch.manual_seed(args.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    train, test = (NumberedImages(args.root / f"{n}-images", args.root / f"{n}-labels.txt") for n in ("train", "t10k"))
    train_loader = DataLoader(train, batch_size=100, shuffle=True)
    test_loader = DataLoader(test, batch_size=1)
    model = FCNet(784, 500, 10).to(device)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for epoch in range(1, args.epochs + 1):
        model.train()
        for i, (images, labels) in enumerate(train_loader, 1):
            loss = criterion(model(images.reshape(-1, 784).to(device)), labels.to(device))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if i % 100 == 0:
                print(f"Epoch [{epoch}/{args.epochs}], Step [{i}/{len(train_loader)}], Loss: {loss.item():.4f}")
        model.eval()
        with torch.no_grad():
            hits = sum(
                (model(images.reshape(-1, 784).to(device)).argmax(1) == labels.to(device)).sum().item()
                for images, labels in test_loader
            )
        print(f"Accuracy of the network on the {len(test)} test images: {100 * hits / len(test)} %")
    torch.save(model.state_dict(), args.out)


if __name__ == "__main__":
    main()
