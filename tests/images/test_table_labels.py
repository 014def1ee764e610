"""Labels from tables in archives: matched rows, one-hot columns, groups, splits and mistakes."""

import pytest

from convline.runtime.errors import UserError
from tests.image_archives import count, metrics, png


@pytest.mark.parametrize("form", ["{}", "{}.png", "images/{}.png"])
def test_labels_are_read_from_a_table(run, set_params, form):
    set_params(**csv(label="breed"))
    files = {f"images/{i}.png": png(i) for i in range(20)}
    rows = [f"{form.format(i)},{'cat' if i < 10 else 'dog'}" for i in range(20)]
    files["labels.csv"] = "\n".join(["id,breed", *rows]).encode()
    assert count(run(files), "class") == {"cat": 10, "dog": 10}


def test_images_that_the_table_does_not_name_are_counted(run, set_params):
    set_params(**csv())
    rows = [f"{i},{'cat' if i < 10 else 'dog'}" for i in range(20)]
    files = {f"{i}.png": png(i) for i in range(23)}
    run({**files, "sub/labels.csv": "\n".join(["id,label", *rows]).encode()})
    assert (metrics()["images"], metrics()["unlabelled"]) == (20, 3)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("id,breed\n1,cat\n", r"no column 'label'; it has 'id', 'breed'"),
        ("id,label\nx,cat\n", r"no image is named in 'labels\.csv', which names 'x'"),
        ("id,label\n1,cat\n1,dog\n", r"gives the image '1' 2 different labels"),
        ("", r"cannot be read as a table"),
        (None, r"has 0 different files 'labels\.csv'"),
    ],
)
def test_a_table_that_does_not_fit_is_one_message(run, set_params, content, message):
    set_params(**csv())
    files = {f"{i}.png": png(i) for i in range(3)}
    if content is not None:
        files["labels.csv"] = content.encode()
    with pytest.raises(UserError, match=message):
        run(files)


def test_a_table_that_may_mean_two_images_is_refused_unless_it_names_the_folder(run, set_params):
    files = {f"{split}/{i}.png": png(split, i) for split in ("train", "test") for i in range(20)}
    rows = [f"{i},{'cat' if i < 10 else 'dog'}" for i in range(20)]
    files["labels.csv"] = "\n".join(["id,label", *rows]).encode()
    set_params(**csv())
    with pytest.raises(UserError, match=r"may mean 'train/0\.png' or 'test/0\.png'"):
        run(files)
    set_params(**csv(folder="train"))
    tree = run(files)
    assert sorted(tree.values()) == sorted(png("train", i) for i in range(20))
    assert metrics()["unlabelled"] == 20


def csv(**changes):
    return {
        "organize.labels_from": "csv",
        **{f"organize.csv.{name}": value for name, value in changes.items()},
    }
