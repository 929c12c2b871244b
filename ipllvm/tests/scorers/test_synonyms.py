"""What else a class is called: of the published sets, in whole replies."""

import pytest

from ipllvm.benchmarks.templates import PUBLISHED, class_names
from ipllvm.scorers.label import extract, words


@pytest.mark.parametrize(
    ("name", "text", "label"),
    [
        ("imagenet", "a cell phone", "mobile phone"),
        ("imagenet", "It is a German Shepherd.", "German Shepherd Dog"),
        ("imagenet", "a kite", "kite (bird of prey)"),
        ("imagenet", "shorts", "swim trunks / shorts"),
        ("imagenet", "a street sign", "traffic or street sign"),
        ("imagenet", "a short dress", None),
        ("imagenet", "strawberries", "strawberry"),
        ("cifar100", "a TV", "television"),
        ("cifar100", "a cell phone", "telephone"),
        ("cifar100", "two apples", "apple"),
        ("cifar100", "a sofa", "couch"),
        ("cifar100", "not a sofa", None),
        ("caltech101", "a plane", "airplane"),
        ("eurosat", "a highway", "highway or road"),
        ("eurosat", "Lake", "lake or sea"),
        ("eurosat", "crop land", None),
        ("food101", "a donut", "donuts"),
        ("food101", "cupcakes", "cup cakes"),
        ("food101", "Crème brûlée", "creme brulee"),
        ("pets", "A St. Bernard", "Saint Bernard"),
        ("country211", "USA", "United States"),
        ("country211", "England", "United Kingdom"),
        ("country211", "Ivory Coast", "Cote d'Ivoire"),
        ("country211", "It shows us a street.", None),
        ("clevr-counts", "threes", None),
    ],
)
def test_a_class_is_known_by_its_other_names(name: str, text: str, label: str | None) -> None:
    assert extract(text, class_names(name)) == (None if label is None else words(label))


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_class_is_still_known_by_its_own_name(name: str) -> None:
    names = class_names(name)
    assert [each for each in names if extract(each, names) != words(each)] == []


def test_a_name_that_two_classes_have_is_none_of_them() -> None:
    assert extract("a tram", ("tram", "streetcar")) == "tram", "its own name comes first"
    assert extract("a trolley", ("tram", "streetcar")) == "streetcar"
    assert extract("a phone", ("telephone", "phone")) == "phone"
    assert extract("a smartphone", ("mobile phone", "cellphone")) is None, "of either"
    assert extract("a cell phone or mobile phone", ("mobile phone", "dog")) == "mobile phone", "said twice"
