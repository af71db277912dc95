"""Every way to say a thing becomes the same tokens."""

import shutil
from pathlib import Path

import pytest
from transformers import PreTrainedTokenizerFast

from doodle.export import export_words
from doodle.noun_lists import GENDERED
from doodle.state import WEIGHTS
from doodle.subjects import Subject, index_of, subjects
from doodle.tokenizer import LENGTH, forms, new_tokenizer, token, words


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    """The words of captions, as the training reads them."""
    return new_tokenizer(teaching=True)


@pytest.fixture(scope="module")
def shipped() -> PreTrainedTokenizerFast:
    """The tokenizer that ships."""
    return new_tokenizer()


def said(tokenizer: PreTrainedTokenizerFast, prompt: str) -> list[str]:
    """The tokens of a prompt, subjects as their names in brackets."""
    named = {token(subject): f"[{subject.name}]" for subject in subjects()}
    return [named.get(one, one) for one in tokenizer.tokenize(prompt)]


@pytest.mark.parametrize(
    ("prompt", "tokens"),
    [
        ("a red fox under a full moon", ["red", "[fox]", "under", "[moon]"]),
        ("Un chat noir sous la lune", ["black", "[cat]", "under", "[moon]"]),
        ("two snowmen in the snow", ["two", "[snowman]", "snow"]),
        ("three puppies on a blue background", ["three", "[dog]", "background", "blue"]),
        ("deux bateaux au coucher de soleil", ["two", "[boat]", "sunset"]),
        ("un chat rose", ["pink", "[cat]"]),
        ("une fusée sur fond rose", ["[rocket]", "background", "pink"]),
        ("soft ice on a lake", ["snow", "sea"]),
        ("an orange cat", ["orange", "[cat]"]),
        ("a full moon, a birthday cake", ["[moon]", "[cake]"]),
        ("une etoile", ["[star]"]),
        ("a fox in the woods after dark", ["[fox]", "forest", "night"]),
        ("un canard sur fond bleu canard", ["[duck]", "background", "teal"]),
        ("l’arc-en-ciel", ["[rainbow]"]),
        ("un chat en train de dormir dans un train", ["[cat]", "[train]"]),
        ("une cuisinière", ["[woman]", "[cook]"]),
        ("une petite cuisinière", ["small", "[woman]", "[cook]"]),
        ("une femme cuisinière", ["[woman]", "[cook]"]),
        ("une astronaute", ["[woman]", "[astronaut]"]),
        ("un cuisinier", ["[cook]"]),
        ("a male cook, a female cat", ["[man]", "[cook]", "[cat]"]),
        ("a baby panda", ["[panda]"]),
        ("a girl panda", ["[panda]"]),
        ("a girl and a panda", ["[girl]", "and", "[panda]"]),
        ("un bébé dort", ["[baby]"]),
        ("a woman with long red hair", ["[woman]"]),
        ("a woman with pale skin", ["white", "[woman]"]),
        ("a man-eating shark", ["[shark]"]),
        ("devant la porte", ["front", "[door]"]),
        ("a fox in the rain forest", ["[fox]", "forest"]),
        ("a cat on red", ["[cat]", "background", "red"]),
        ("on dark blue, a cat", ["background", "blue", "[cat]"]),
        ("a cat on a red car", ["[cat]", "above", "red", "[car]"]),
        ("the cat", ["[cat]"]),
        ("white background, a red hedgehog", ["background", "white", "red", "[hedgehog]"]),
        ("un chat rouge, fond bleu", ["red", "[cat]", "background", "blue"]),
        ("a cat on a big red car", ["[cat]", "above", "big", "red", "[car]"]),
        ("un chat sur une voiture rouge", ["[cat]", "above", "red", "[car]"]),
        ("three red apples on a blue table", ["three", "red", "[apple]", "background", "blue"]),
        ("sur la plage un crabe", ["beach", "[crab]"]),
        ("a dog in front of a house", ["[dog]", "front", "[house]"]),
        ("a dog in front of three big trees", ["[dog]", "front", "three", "big", "[tree]"]),
        ("un chien devant l'école", ["[dog]", "front", "[school]"]),
        ("a cat right in front of the mountains", ["[cat]", "mountains"]),
        ("front view of a cat, a house with a front door", ["[cat]", "[house]", "and", "[door]"]),
        ("un dé, des pommes", ["[dice]", "[apple]"]),
        ("un chat noir mais content", ["black", "[cat]"]),
        ("une pie", ["[bird]"]),
        ("a pie", ["[pie]"]),
        ("une femme porte un chapeau", ["[woman]", "wearing", "[hat]"]),
        ("une porte", ["[door]"]),
        ("un homme lit un livre", ["[man]", "[book]"]),
        ("a cat on a shabby old blue sofa", ["[cat]", "above", "blue", "[couch]"]),
        ("a cat in front of a beautiful castle", ["[cat]", "front", "[castle]"]),
        ("un chat devant une belle maison", ["[cat]", "front", "[house]"]),
        ("a cat in front of the beautiful mountains", ["[cat]", "mountains"]),
        ("a dog on the way to the castle", ["[dog]", "[castle]"]),
        ("a cat on a rug, a dog", ["[cat]", "background", "[dog]"]),
        (
            "a pineapple in front of a black wrist watch",
            ["[pineapple]", "front", "black", "[watch]"],
        ),
        ("a lit candle on a bed", ["[candle]", "above", "[bed]"]),
        ("un lit", ["[bed]"]),
        ("un enfant pousse un caddie", ["[shopping cart]"]),
        ("a golden watch", ["yellow", "[watch]"]),
        ("a watch over the city", ["city"]),
        ("two cups of coffee", ["two", "[coffee]"]),
        ("three glasses of milk", ["three", "[milk]"]),
        ("deux ours polaires", ["two", "[polar bear]"]),
        ("trois cerfs-volants", ["three", "[kite]"]),
        ("une femme pilote", ["[pilot]"]),
        ("a woman and a farmer", ["[woman]", "and", "[farmer]"]),
        ("a baby robot", ["[robot]"]),
        ("a rock star", []),
        ("a short man", ["[man]"]),
        ("two cats facing each other", ["two", "[cat]"]),
        ("a bird flies over the sea", ["[bird]", "flying", "sea"]),
        ("a bird crosses the road", ["[bird]", "city"]),
        ("a large white dog", ["big", "white", "[dog]"]),
        ("un arbre couvert de neige", ["[tree]", "snow"]),
        ("un chien avec des lunettes de soleil", ["[dog]", "and", "[glasses]"]),
        ("un chat aux yeux bleus", ["[cat]"]),
        ("a white cat with blue eyes", ["white", "[cat]"]),
        ("a chair made of wood", ["[chair]"]),
        ("a pair of jeans", ["[jeans]"]),
        ("a pair of blue jeans", ["blue", "[jeans]"]),
        ("une paire de lunettes", ["[glasses]"]),
        ("un chat avec des yeux bleus", ["[cat]"]),
        ("une chaise en bois", ["[chair]"]),
        ("a cat in a basket", ["[cat]"]),
        ("having a chat about a tour of the city", ["city"]),
        ("a dent in a car", ["[car]"]),
        ("la lettre A", []),
        ("a comic book", ["[book]"]),
        ("a crane lifting a car", ["[car]"]),
        ("a tour bus, a basket of apples", ["[bus]", "[apple]"]),
        ("a plume of smoke, no pain no gain", []),
        ("a dog in front of the mountains", ["[dog]", "mountains"]),
        ("two policewomen in the rain", ["two", "[woman]", "[police officer]", "rain"]),
        ("a dark-skinned fireman", ["black", "[man]", "[firefighter]"]),
        ("une cuisinière noire", ["black", "[woman]", "[cook]"]),
        ("a black woman cook", ["black", "[woman]", "[cook]"]),
        ("trois gros chats noirs", ["three", "big", "black", "[cat]"]),
        ("un chat noir et un chien", ["black", "[cat]", "and", "[dog]"]),
        ("un chat et un chien noir", ["[cat]", "and", "black", "[dog]"]),
        ("a cat, a black dog", ["[cat]", "black", "[dog]"]),
        ("a cat black dog", ["[cat]", "black", "[dog]"]),
        ("a cat, black background", ["[cat]", "background", "black"]),
        ("un chat orange", ["orange", "[cat]"]),
        ("chat noir", ["black", "[cat]"]),
        ("le chat est noir", ["black", "[cat]"]),
        ("la voiture est rose", ["pink", "[car]"]),
        ("a man who is black-haired", ["[man]"]),
        ("a blue-eyed bear by a man-made lake", ["[bear]", "next", "sea"]),
        ("a car that is all red", ["red", "[car]"]),
        ("un chien de couleur verte", ["green", "[dog]"]),
        ("a black cat black cat", ["black", "[cat]", "black", "[cat]"]),
        ("a cat wearing a red hat", ["[cat]", "wearing", "red", "[hat]"]),
        ("un renard dans la forêt, il neige", ["[fox]", "forest", "snowfall"]),
        ("a fox in the snow, pixel art", ["[fox]", "snow", "pixel"]),
        ("un dessin au crayon d'un ours", ["drawing", "[bear]"]),
    ],
)
def test_a_prompt_becomes_the_words_of_the_model(
    tokenizer: PreTrainedTokenizerFast, prompt: str, tokens: list[str]
) -> None:
    assert [one for one in said(tokenizer, prompt) if one != "on"] == tokens


@pytest.mark.parametrize(
    ("prompt", "tokens"),
    [
        ("a small dog", ["[dog]"]),
        ("un éléphant géant", ["[elephant]"]),
        ("a big red car", ["red", "[car]"]),
        ("the cat is small and black", ["black", "[cat]"]),
        ("le chien est grand, noir", ["black", "[dog]"]),
    ],
)
def test_what_ships_leaves_out_what_is_not_drawn_yet(
    shipped: PreTrainedTokenizerFast, prompt: str, tokens: list[str]
) -> None:
    assert said(shipped, prompt) == tokens


def test_words_nobody_taught_it_leave_no_trace(tokenizer: PreTrainedTokenizerFast) -> None:
    plain = tokenizer("a cat").input_ids
    assert tokenizer("a beautiful cat, highly detailed, 4k!!").input_ids == plain
    assert tokenizer("serendipity").input_ids == tokenizer("").input_ids


def test_tokens_written_by_hand_are_not_tokens(tokenizer: PreTrainedTokenizerFast) -> None:
    assert tokenizer.tokenize("snow_man_") == tokenizer.tokenize("snow man")


@pytest.mark.parametrize("subject", subjects(), ids=lambda subject: subject.name)
def test_every_name_of_a_subject_becomes_its_token(
    tokenizer: PreTrainedTokenizerFast, subject: Subject
) -> None:
    gendered = {form for said in GENDERED.values() for form in said}
    for form in forms(subject):
        woman = ["woman_"] if form in gendered else []
        assert tokenizer.tokenize(form) == [*woman, token(subject)], form


def test_every_other_word_becomes_itself_in_every_form(
    tokenizer: PreTrainedTokenizerFast,
) -> None:
    flowers = {"rose", "roses"}
    for word in words():
        for form in {word.word, *word.english, *word.french} - flowers:
            assert tokenizer.tokenize(form) == [word.word], form


def test_ids_go_back_to_the_tokens_they_came_from(tokenizer: PreTrainedTokenizerFast) -> None:
    tokens = tokenizer.tokenize("two foxes in the snow at night")
    ids = tokenizer("two foxes in the snow at night").input_ids
    assert tokenizer.convert_ids_to_tokens(ids)[1:-1] == tokens
    assert tokenizer.decode(ids, skip_special_tokens=True) == " ".join(tokens)


def test_a_saved_tokenizer_reads_prompts_as_before(
    tokenizer: PreTrainedTokenizerFast, tmp_path: object
) -> None:
    tokenizer.save_pretrained(str(tmp_path))
    loaded = PreTrainedTokenizerFast.from_pretrained(str(tmp_path))
    prompt = "un renard rouge sous la pleine lune"
    assert loaded(prompt).input_ids == tokenizer(prompt).input_ids
    assert loaded.model_max_length == LENGTH


def test_two_subjects_fit_into_one_prompt(tokenizer: PreTrainedTokenizerFast) -> None:
    ids = tokenizer("two cats next to a fox in the snow at sunset", truncation=True).input_ids
    assert len(ids) < LENGTH
    assert "fox_" in tokenizer.convert_ids_to_tokens(ids)
    assert index_of("fox") == 2


def test_other_ways_to_say_a_thing_need_no_training(tmp_path: Path) -> None:
    shutil.copytree(WEIGHTS / "tokenizer", tmp_path / "tokenizer")
    export_words(tmp_path)
    assert (tmp_path / "vocabulary.json").read_text() == (WEIGHTS / "vocabulary.json").read_text()
    shipped = (WEIGHTS / "tokenizer" / "tokenizer.json").read_text()
    assert (tmp_path / "tokenizer" / "tokenizer.json").read_text() == shipped


def test_a_thing_that_was_not_learnt_needs_training(
    tmp_path: Path, tokenizer: PreTrainedTokenizerFast
) -> None:
    tokenizer.add_tokens(["labradoodle_"])
    tokenizer.save_pretrained(tmp_path / "tokenizer")
    with pytest.raises(ValueError, match="train the denoiser"):
        export_words(tmp_path)
