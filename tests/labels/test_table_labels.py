"""Labels from tables in archives: matched rows, one-hot columns, groups, splits and mistakes."""

from collections import Counter

import pytest

from convline.runtime.errors import UserError
from tests.image_archives import count, metrics, png
from tests.labels.conftest import FOUR

ALL = "'labels.csv': 4 of 4 rows matched an image"
PETS = dict(zip(FOUR, ["cat", "dog", "cat", "dog"], strict=True))


@pytest.mark.parametrize("form", ["{}", "{}.png", "images/{}.png"])
def test_labels_are_read_from_a_table(run, set_params, capsys, form):
    set_params(**{"organize.labels_from": "csv", "organize.csv.label": "breed"})
    files = {f"images/{i}.png": png(i) for i in range(23)}
    rows = [f"{form.format(i)},{'cat' if i < 10 else 'dog'}" for i in range(20)]
    files["sub/labels.csv"] = "\n".join(["id,breed", *rows, "99,cat"]).encode()
    assert count(run(files), "class") == {"cat": 10, "dog": 10}
    assert (metrics()["images"], metrics()["unlabelled"]) == (20, 3)
    note = "'labels.csv': 20 of 21 rows matched an image; 1 did not, for example '99'\n"
    assert note in capsys.readouterr().out


@pytest.mark.parametrize(
    "table",
    [
        "id;label\n0;cat\n1;dog\n2;cat\n3;dog",
        "id\tlabel\n0\tcat\n1\tdog\n2\tcat\n3\tdog",
        "id, label\n0, cat \n1, dog\n2,cat\n3,dog,\n",
        "id,label\n0000,cat\n01,dog\n2.0,cat\n3.JPG,dog\n",
    ],
)
def test_tables_in_many_forms_give_the_same_labels(read_labels, table):
    found = read_labels({"labels.csv": table})
    assert (found.classes, found.unlabelled) == (PETS, {})
    assert found.notes[0] == ALL


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_classes_with_accents_are_read_in_the_encoding_of_the_table(read_labels, encoding):
    found = read_labels({"labels.csv": "id,label\n0,café\n1,thé".encode(encoding)})
    assert Counter(found.classes.values()) == {"café": 1, "thé": 1}
    assert any("read as cp1252" in note for note in found.notes) == (encoding == "cp1252")


def test_the_encoding_can_be_set(read_labels):
    table = {"labels.csv": "id,label\n0,ソ\n1,表".encode("cp932")}
    assert set(read_labels(table, encoding="cp932").classes.values()) == {"ソ", "表"}
    with pytest.raises(UserError, match=r"'labels.csv' cannot be read as utf-8: line 2: "):
        read_labels(table, encoding="utf-8")


def test_rows_with_another_path_or_spelling_are_noted(read_labels):
    table = "id,label\n" + "".join(
        f"/data/up/{i}.png,{PETS[name]}\n" for i, name in enumerate(PETS)
    )
    found = read_labels({"labels.csv": table})
    assert found.classes == PETS
    assert found.notes == [
        ALL,
        (
            "'labels.csv': another path or spelling than the image in 4 of these rows, for "
            "example '/data/up/0.png' for 'my/images/0.png'"
        ),
    ]


@pytest.mark.parametrize("ones", ["10", "1.0 0.0", "true false", "True False", "1 0"])
def test_one_hot_columns_are_classes(read_labels, ones):
    one, zero = ones.split() if " " in ones else ones
    rows = [f"{i},{one if i % 2 == 0 else zero},{one if i % 2 else zero}\n" for i in range(3)]
    table = "id, cat, dog\n" + "".join(rows) + f"3,{zero},{zero}\n"
    found = read_labels({"labels.csv": table}, label=["cat", "dog"])
    assert list(found.classes.values()) == ["cat", "dog", "cat"]
    assert found.unlabelled == {"my/images/3.png": "no label in its row of 'labels.csv'"}


def test_names_of_one_hot_columns_may_have_blanks(read_labels):
    table = {"labels.csv": "id,light,traffic,traffic light\n0,1,0,0\n1,0,1,0\n2,0,0,1\n"}
    found = read_labels(table, label=["light", "traffic", "traffic light"])
    assert list(found.classes.values()) == ["light", "traffic", "traffic light"]


def test_images_without_a_row_or_a_label_are_unlabelled(read_labels):
    files = {"labels.csv": "id,label\n0,cat\n1,dog\n2,\n", "other/7.png": b"7"}
    found = read_labels(files, folder="my/images")
    assert list(found.classes) == ["my/images/0.png", "my/images/1.png"]
    assert found.unlabelled == {
        "my/images/2.png": "no label in its row of 'labels.csv'",
        "my/images/3.png": "no row in 'labels.csv'",
        "other/7.png": "not in organize.csv.folder",
    }


def test_a_table_without_a_header_has_numbers_for_columns(read_labels):
    files = {"val/annotations.txt": "0.png\tcat\t0\n1.png\tdog\t4\n2.png\tcat\t1\n3.png\tdog\t2\n"}
    assert read_labels(files, file="annotations.txt", image=0, label=1).classes == PETS
    hint = "if the first row is not a header, give numbers, as organize.csv.image: 0"
    with pytest.raises(UserError, match=hint):
        read_labels(files, file="annotations.txt")


def test_groups_and_splits_are_columns(read_labels):
    rows = "0,cat,HAM_1,Training\n1,dog,HAM_1,val\n2,cat,,test\n3,dog,HAM_2,\n"
    table = {"labels.csv": f"id,label,lesion_id,set\n{rows}"}
    found = read_labels(table, group="lesion_id", split="set")
    first, second, third, fourth = FOUR
    assert found.classes == PETS
    assert found.groups == {first: "HAM_1", second: "HAM_1", fourth: "HAM_2"}
    assert found.splits == {first: "train", second: "validation", third: "test"}
    assert found.notes[1:] == [
        (
            "'labels.csv' has no value in 'lesion_id' for 1 image, for example "
            "'my/images/2.png'; they are in no group"
        ),
        (
            "'labels.csv' has no value in 'set' for 1 image, for example 'my/images/3.png'; they "
            "have only the split of their folder, if any"
        ),
    ]


def test_images_of_a_group_are_kept_in_one_split(run, set_params):
    set_params(**{"organize.labels_from": "csv", "organize.csv.group": "lesion"})
    rows = [f"{i},{'cat' if i < 30 else 'dog'},{i // 3}" for i in range(60)]
    files = {f"{i}.png": png(i) for i in range(60)}
    tree = run(files | {"labels.csv": "\n".join(["id,label,lesion", *rows]).encode()})
    splits = {int(name.split("/")[-1][:-4]): name.split("/")[0] for name in tree}
    assert all(len({splits[3 * i + j] for j in range(3)}) == 1 for i in range(20))
    assert len(splits) == 60


def test_the_splits_of_the_table_are_kept(run, set_params):
    splits = {"organize.csv.split": "set", "organize.split_method": "folders"}
    set_params(**{"organize.labels_from": "csv"}, **splits)
    rows = [f"{i},{'cat' if i % 2 else 'dog'},{['train', 'dev', 'test'][i % 3]}" for i in range(30)]
    files = {f"{i}.png": png(i) for i in range(30)}
    tree = run(files | {"labels.csv": "\n".join(["id,label,set", *rows]).encode()})
    assert count(tree, "split") == {"train": 10, "validation": 10, "test": 10}
    assert tree["validation/cat/1.png"] == png(1)


def test_a_table_adds_groups_to_images_in_class_folders(run, set_params, capsys):
    set_params(**{"organize.csv.file": "meta.csv", "organize.csv.group": "patient"})
    files = {f"{'cat' if i < 30 else 'dog'}/{i}.png": png(i) for i in range(60)}
    rows = [f"{i},{i // 3}" for i in range(59)]
    tree = run(files | {"meta.csv": "\n".join(["id,patient", *rows]).encode()})
    splits = {int(name.split("/")[-1][:-4]): name.split("/")[0] for name in tree}
    assert all(len({splits[3 * i + j] for j in range(3)}) == 1 for i in range(19))
    assert count(tree, "class") == {"cat": 30, "dog": 30}
    out = capsys.readouterr().out
    assert "'meta.csv': 59 of 59 rows matched an image\n" in out
    assert "for 1 image, for example 'dog/59.png'; they are in no group" in out


def test_an_image_without_a_split_is_refused_where_splits_are_kept(run, set_params):
    splits = {"organize.csv.split": "set", "organize.split_method": "folders"}
    set_params(**{"organize.labels_from": "csv"}, **splits)
    files = {f"{i}.png": png(i) for i in range(2)}
    message = r"'1\.png' is in no train, .* folder, and 'labels\.csv' has no split for it"
    with pytest.raises(UserError, match=message):
        run(files | {"labels.csv": b"id,label,set\n0,cat,train\n1,dog,\n"})


SEVERAL = "several labels per image are not supported: 'labels.csv' has them for "


@pytest.mark.parametrize(
    ("table", "label", "message"),
    [
        ("id,label\n0,cat|dog\n1,cat\n2,dog\n", "label", "1 image, for example 'cat|dog' for '0';"),
        ('id,label\n0,"cat, dog"\n1,cat\n2,dog\n', "label", "1 image, for example 'cat, dog' for"),
        ("id,label\n0,cat dog\n1,cat\n2,dog\n3,cat dog\n", "label", "2 images, for example 'cat d"),
        ("id,label\n0,\"['cat', 'dog']\"\n1,\"['cat']\"\n", "label", "1 image, for example \"['"),
        ("id,label\n0,a|b\n1,a|b\n2,dog\n", "label", "2 images, for example 'a|b' for '0', "),
        (
            "id,label\n0,cat\n0,dog\n1,cat\n",
            "label",
            "1 image, for example 'cat' and 'dog' for '0'",
        ),
        ("id,cat,dog\n0,1,1\n1,1,0\n", ["cat", "dog"], "1 image, for example 'cat' and 'dog' for"),
    ],
)
def test_several_labels_per_image_are_refused(read_labels, table, label, message):
    with pytest.raises(UserError) as caught:
        read_labels({"labels.csv": table}, label=label)
    assert str(caught.value).startswith(SEVERAL + message)
    classes = {"cat": "cat", "dog": "dog"}
    found = read_labels({"labels.csv": table}, classes, label=label)
    assert found.notes[-1].startswith("'labels.csv': several labels for ")


def test_combinations_in_organize_classes_are_classes(read_labels):
    table = {"labels.csv": "id,label\n0,a|b\n1,a|b\n2,dog\n"}
    found = read_labels(table, {"a|b": "both", "dog": "dog"})
    assert list(found.classes.values()) == ["a|b", "a|b", "dog"]
    assert found.notes[1].endswith("; they are left out unless organize.classes lists them")


@pytest.mark.parametrize("one", ["['cat']", '["cat"]', "('cat',)", "[ 'cat' ]"])
def test_a_list_of_one_label_is_its_label(read_labels, one):
    quoted = one.replace('"', '""')
    found = read_labels({"labels.csv": f"id,label\n0,\"{quoted}\"\n1,['']\n2,dog\n"})
    assert list(found.classes.values()) == ["cat", "dog"]
    assert found.notes[0] == f"'labels.csv': a list of one label in 2 rows; {one} is read as 'cat'"


def test_combinations_for_images_that_are_not_in_the_archive_are_no_obstacle(read_labels):
    assert len(read_labels({"labels.csv": "id,label\n0,cat\n1,dog\n9,cat|dog\n"}).classes) == 2


@pytest.mark.parametrize(
    ("table", "changes", "message"),
    [
        ("id,breed\n1,cat\n", {}, r"csv\.label: .* no column 'label'; it has 'id', 'breed'$"),
        ("id,labels\n1,cat\n", {}, r"it has 'id', 'labels', did you mean 'labels'\?"),
        (
            "id,cat,big dog,no\n1,1,0,x\n2,0,1,x\n",
            {},
            r"for one-hot columns, set organize\.csv\.label: \[cat, 'big dog'\]$",
        ),
        ("id,label\n1,cat\n", {"image": 4, "label": 1}, "has no column 4; its columns are 0 to 1"),
        (
            "id,cat,dog\n1,1,0\n2,?,1\n",
            {"label": ["cat", "dog"]},
            r"must have 0 or 1 in the column 'cat', got '\?' for '2'",
        ),
        (
            "id,label\nx,cat\n",
            {},
            (
                r"csv\.image: no row of 'labels\.csv' matches an image; the rows name 'x', and the "
                "images are 'my/images/0.png', "
            ),
        ),
        ("id,label\n", {}, "has no rows"),
        ("", {}, "cannot be read as a table: it is empty"),
        (None, {}, r"has no file 'labels\.csv'; it has 'a\.tsv'$"),
        ('{"0.png": "cat"}', {}, r"'labels\.csv' is not a table but JSON, XML or HTML; save it"),
        ('[{"image": "0.png"}]', {}, r"'labels\.csv' is not a table but JSON, XML or HTML; save"),
        ("id,label\n1,cat\n", {"folder": "x"}, r"in a folder 'x'; they are in 'my/images'"),
        (
            "id,label,s\n1,cat,a\n",
            {"split": "s"},
            r"csv\.split: 'labels\.csv' has 'a' for '1'; exp",
        ),
        ("id,label,g\n1,cat,\n9,cat,b\n", {"group": "g"}, r"has no value in 'g' for any image"),
        (
            "id,label,g\n1,cat,a\n1,cat,b\n",
            {"group": "g"},
            r"csv\.group: 'labels\.csv' has 'a' and 'b' for '1', and an image can be in only one",
        ),
    ],
)
def test_a_table_that_does_not_fit_is_one_message(read_labels, table, changes, message):
    files = {"a.tsv": ""} | ({} if table is None else {"labels.csv": table})
    with pytest.raises(UserError, match=message):
        read_labels(files, **changes)


def test_a_table_that_may_mean_two_images_is_refused_unless_it_names_the_folder(read_labels):
    files = {f"{split}/{i}.png": f"{split}{i}".encode() for split in ("a", "b") for i in range(9)}
    files["labels.csv"] = "id,label\n8,cat\n7,dog\n"
    message = r"'8' in 'labels\.csv' may mean 'a/8\.png' or 'b/8\.png'; set organize\.csv\.folder"
    with pytest.raises(UserError, match=message):
        read_labels(files)
    assert read_labels(files, folder="a").classes == {"a/7.png": "dog", "a/8.png": "cat"}
    files = {"8.png": b"8", "08.png": b"08", "labels.csv": "id,label\n008,cat\n"}
    message = r"'8\.png' or '08\.png'; to leave one .* set organize\.exclude: \['08\.png'\]$"
    with pytest.raises(UserError, match=message):
        read_labels(files)
