"""Which reading `convline init` chooses: folders, a table, file names."""

from collections import Counter

import pytest

from convline.runtime.errors import UserError
from tests.inspection.plans import chosen, photo, photos, plan_for


def test_folders_are_classes():
    plan = plan_for(photos(["x/cat", "x/dog"]))
    assert chosen(plan)["organize.labels_from"] == "folder"
    assert plan.found.counts == {"cat": 20, "dog": 20}


@pytest.mark.parametrize(
    "form", ["{}.{}.png", "{}_{}.png", "{} ({}).png", "{}{}.png", "{1}_{0}.png"]
)
def test_file_names_are_classes(form):
    files = {
        form.format(c, i): photo(f"{c}{i}".__hash__() % 2**32)
        for c in ("cat", "dog")
        for i in range(12)
    }
    plan = plan_for({f"all/{name}": data for name, data in files.items()})
    assert chosen(plan)["organize.labels_from"] == "filename"
    assert plan.found.counts == {"cat": 12, "dog": 12}


def test_names_that_cameras_give_are_not_classes():
    files = photos(["all/IMG_", "all/DSC_"])
    with pytest.raises(UserError, match="the images have only 'all'"):
        plan_for({name.replace("_/", "_"): data for name, data in files.items()})


TABLES = {
    "id and label": "id,label\n{}",
    "names and a header of another kind": "file_name;breed;height\n{}",
    "ids without ending": "image_id,diagnosis\n{}",
}


@pytest.mark.parametrize("form", TABLES)
def test_a_table_gives_the_classes(form):
    header = TABLES[form]
    delimiter = ";" if ";" in header else ","
    rows = [
        delimiter.join([f"{i}" + ".png" * (form != "ids without ending"), ("cat", "dog")[i % 2]])
        + ";3" * (delimiter == ";")
        for i in range(40)
    ]
    files = {f"my/images/{i}.png": photo(i) for i in range(40)}
    plan = plan_for({**files, "labels.csv": header.format("\n".join(rows))})
    columns = header.split("\n")[0].split(delimiter)
    assert chosen(plan)["organize.labels_from"] == "csv"
    assert chosen(plan)["organize.csv.image"] == columns[0]
    assert chosen(plan)["organize.csv.label"] == columns[1]
    assert plan.found.counts == {"cat": 20, "dog": 20}


def test_a_table_gives_groups_and_splits():
    rows = [
        f"{i}.png,{('cat', 'dog')[i % 2]},p{i // 4},{'train' if i < 120 else 'test'}"
        for i in range(160)
    ]
    table = "\n".join(["name,label,patient_id,split", *rows])
    plan = plan_for({**{f"i/{i}.png": photo(i) for i in range(160)}, "labels.csv": table})
    values = chosen(plan)
    assert (values["organize.csv.group"], values["organize.csv.split"]) == ("patient_id", "split")
    assert values["organize.split_method"] == "test_folder"
    assert plan.splits["test"] == 40


def test_one_hot_columns_are_found():
    rows = [f"{i},{int(i % 2 == 0)},{int(i % 2 == 1)}" for i in range(40)]
    table = "\n".join(["id,cat,dog", *rows])
    plan = plan_for({**{f"i/{i}.png": photo(i) for i in range(40)}, "labels.csv": table})
    assert chosen(plan)["organize.csv.label"] == ["cat", "dog"]


def test_several_labels_per_image_are_refused():
    rows = [f"{i}.png,{'cat|dog' if i < 8 else 'cat' if i % 2 else 'dog'}" for i in range(40)]
    table = "\n".join(["id,label", *rows])
    with pytest.raises(UserError, match="several labels per image are not supported"):
        plan_for({**{f"i/{i}.png": photo(i) for i in range(40)}, "labels.csv": table})


def test_a_tree_with_two_readings_is_refused_with_arguments():
    files = photos(["R/sick/images", "R/sick/masks", "R/well/images", "R/well/masks"])
    with pytest.raises(
        UserError, match=r"choose one reading(.|\n)*Pass the params of one as arguments"
    ):
        plan_for(files)
    plan = plan_for(files, "organize.include=['*/images/*']")
    assert plan.found.counts == Counter({"sick": 20, "well": 20})


def test_the_reading_that_the_user_sets_is_used():
    plan = plan_for(
        photos(["a/cat", "a/dog", "b/cat", "b/dog"]),
        "organize.labels_from=path",
        "organize.label_pattern=([^/]+)/[^/]+/[^/]+$",
    )
    assert plan.found.counts == {"a": 40, "b": 40}
    assert "organize.labels_from" not in chosen(plan)


def test_other_readings_are_mentioned():
    files = photos(["cat", "dog"])
    rows = [f"{name},{('young', 'old')[i % 2]}" for i, name in enumerate(files)]
    plan = plan_for({**files, "age.csv": "\n".join(["id,age", *rows])})
    assert [reading.source for reading in plan.found.readings] == [
        "the names of folders",
        "the table age.csv",
    ]


def test_one_class_is_refused_with_what_was_found():
    with pytest.raises(UserError, match=r"only 'cat'(.|\n)*with a class: 20"):
        plan_for(photos(["x/cat"]))
