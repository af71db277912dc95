"""Each stage learns, survives its own end and goes on where it stopped."""

from pathlib import Path

import numpy as np
import pytest
import torch

from doodle import classifier, denoiser
from doodle.autoencoder import (
    Training,
    psnr,
    reconstruction_loss,
    shipped_autoencoder,
)
from doodle.ema import Ema
from doodle.eyes import Eyes, trained_eyes
from doodle.models import (
    LOOKS,
    assembled,
    load_folder,
    new_scheduler,
    plant_sprites,
    write_folder,
)
from doodle.muon import Muon, orthogonalised
from doodle.paint import Painter
from doodle.places import backgrounds
from doodle.run import Run
from doodle.scenes import Scene
from doodle.sprites import Pixels
from doodle.state import load_state, save_state
from doodle.tokenizer import first_subject, vocabulary

FAR = 10.0


@pytest.fixture
def run(sprites: Pixels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run of no time at all, its state in a folder of its own, from an untrained start."""
    monkeypatch.setenv("DOODLE_STATE", str(tmp_path))
    for name, few in (("FIRST", 4), ("BATCH", 2), ("FRESH", 1)):
        monkeypatch.setitem(getattr(denoiser, name), "cpu", few)
    monkeypatch.setattr(denoiser, "WEIGHTS", tmp_path / "no-weights")
    monkeypatch.setattr(denoiser, "draw_sheet", lambda _pipeline: None)
    torch.manual_seed(0)
    save_state("autoencoder", {"training": Training().state_dict(), "optimiser": {}})
    return Run("denoiser", 1e-9, torch.device("cpu"), sprites, np.random.default_rng(0))


def one_step(run: Run) -> Run:
    """The same run, its clock stopped until it has made one step."""

    class OneStep(Run):
        """Its minutes are over after the first step."""

        @property
        def progress(self) -> float:
            return float(self.pictures > 0)

    return OneStep(run.stage, 1.0, run.device, run.sprites, run.rng)


def test_the_denoiser_goes_on_from_its_state(run: Run) -> None:
    denoiser.train(one_step(run))
    first = load_state("denoiser")
    assert first is not None
    denoiser.train(run)
    kept = load_state("denoiser")
    assert kept is not None
    assert kept["steps"] == first["steps"] == 1
    for name, weight in first["learner"].items():
        assert torch.equal(weight, kept["learner"][name]), name
    denoiser.train(one_step(run))
    second = load_state("denoiser")
    assert second is not None
    assert second["steps"] == 2
    assert not torch.equal(
        first["learner"]["denoiser.conv_in.weight"], second["learner"]["denoiser.conv_in.weight"]
    )


def test_half_of_the_times_are_those_at_which_a_drawing_passes() -> None:
    torch.manual_seed(0)
    times = denoiser.random_times(2000, torch.device("cpu"))
    scheduler = new_scheduler()
    scheduler.set_timesteps(denoiser.STEPS)
    passed = torch.isin(times, scheduler.timesteps)
    assert 0.45 < passed.float().mean() < 0.56
    assert set(times[passed].tolist()) == set(scheduler.timesteps.tolist())
    others = times[~passed]
    assert others.min() < 50
    assert others.max() > 950


def test_training_goes_on_from_shipped_weights_of_its_own_kind(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    learner = denoiser.Learner()
    shipped = assembled(denoiser.frozen_autoencoder(), learner.text, learner.denoiser)
    write_folder(shipped, tmp_path / "weights")
    monkeypatch.setattr(denoiser, "WEIGHTS", tmp_path / "weights")
    denoiser.train(run)
    state = load_state("denoiser")
    assert state is not None
    expected = load_folder(tmp_path / "weights").unet.state_dict()["conv_in.weight"]
    assert torch.equal(state["learner"]["denoiser.conv_in.weight"], expected)


def test_weights_with_another_encoder_or_of_another_kind_are_not_gone_on_from(run: Run) -> None:
    learner, own = denoiser.Learner(), denoiser.frozen_autoencoder()
    shipped = assembled(own, learner.text, learner.denoiser)
    assert denoiser._continues(shipped, learner, own)
    assert not denoiser._continues(shipped, learner, shipped_autoencoder())
    shipped.unet.register_to_config(block_out_channels=(96, 192))
    assert not denoiser._continues(shipped, denoiser.Learner(), own)


@torch.no_grad()
def test_the_shipped_autoencoder_shows_every_background_sharply(sprites: Pixels) -> None:
    model = shipped_autoencoder()
    wanted = Painter(sprites).paint([Scene(one, ()) for one in backgrounds()[::3]])
    made = torch.cat([model.decoder(model.encoder(part)) for part in wanted.split(4)])
    assert psnr(made, wanted) > 28
    assert 0.5 < model.encoder(wanted[:4]).std() < 2


def test_subjects_that_look_alike_start_alike(run: Run) -> None:
    sprites = run.sprites.copy()
    sprites[1] = sprites[0]
    learner = denoiser.Learner()
    plant_sprites(learner.text, denoiser.frozen_autoencoder(), sprites)
    table = learner.text.state_dict()["embeddings.token_embedding.weight"]
    one, twin, other = table[first_subject() : first_subject() + 3]
    assert torch.allclose(one[:LOOKS], twin[:LOOKS], atol=1e-4)
    assert (one[:LOOKS] - other[:LOOKS]).abs().mean() > 0.1
    assert not torch.allclose(one, twin, atol=0.1), "what tells them apart"


def test_a_grown_table_keeps_what_each_token_learnt() -> None:
    learner, grown = denoiser.Learner(), denoiser.Learner()
    name = "embeddings.token_embedding.weight"
    state = learner.text.state_dict()
    few = vocabulary()[5:]
    shuffled = {token: row for row, token in enumerate(reversed(few))}
    kept = {**state, name: state[name][5:].flip(0)}
    denoiser.words_of(grown, kept, shuffled)
    assert torch.equal(grown.text.state_dict()[name][5:], state[name][5:])


def test_muon_goes_on_from_its_state_step_for_step() -> None:
    def layer() -> torch.nn.Linear:
        torch.manual_seed(1)
        return torch.nn.Linear(64, 48)

    def step(model: torch.nn.Linear, optimiser: Muon) -> None:
        model(torch.ones(2, 64)).square().sum().backward()
        optimiser.step(1e-2, 1e-2)

    straight, stopped, resumed = layer(), layer(), layer()
    one, two = Muon(straight.named_parameters()), Muon(stopped.named_parameters())
    for _ in range(4):
        step(straight, one)
    for _ in range(2):
        step(stopped, two)
    resumed.load_state_dict(stopped.state_dict())
    three = Muon(resumed.named_parameters())
    three.load_state_dict(two.state_dict())
    for _ in range(2):
        step(resumed, three)
    assert torch.equal(straight.weight, resumed.weight)
    assert torch.equal(straight.bias, resumed.bias)


def test_muon_takes_a_step_of_equal_length_in_every_direction() -> None:
    torch.manual_seed(0)
    values = torch.linalg.svdvals(orthogonalised(torch.randn(3, 64, 128), steps=5))
    assert values.min() > 0.5
    assert values.max() < 1.4


def test_the_folded_autoencoder_is_the_trained_one() -> None:
    torch.manual_seed(0)
    training = Training()
    pictures = torch.rand(4, 3, 64, 64) * 2 - 1
    for _ in range(5):
        training.latents(pictures)
    training.eval()
    with torch.no_grad():
        raw = training.model.encoder(pictures)
        mean, spread = training.norm.running_mean, training.norm.running_var
        expected = (raw - mean[:, None, None]) / (spread + training.norm.eps).sqrt()[:, None, None]
        assert torch.allclose(training.folded().encoder(pictures), expected, atol=1e-4)


def test_a_perfect_reconstruction_costs_nothing_and_smeared_edges_cost_more() -> None:
    edge = torch.ones(1, 3, 8, 8)
    edge[..., :4] = -1
    smeared = edge.clone()
    smeared[..., 3:5] = 0
    faded = edge * (1 - (edge - smeared).abs().mean())
    assert reconstruction_loss(edge, edge) == 0
    assert psnr(smeared, edge) < 15
    assert reconstruction_loss(faded, edge) < reconstruction_loss(smeared, edge)


def test_the_mean_follows_weights_and_what_is_counted_beside_them_but_no_steps() -> None:
    network = torch.nn.BatchNorm1d(2)
    mean = Ema(network)
    with torch.no_grad():
        network.weight += 1
        network.running_mean += 1
        network.num_batches_tracked += 5
    mean.follow(network)
    found = mean.written_to(torch.nn.BatchNorm1d(2))
    assert found.num_batches_tracked == 0
    assert 1 < float(found.weight.detach()[0]) < 2
    assert 0 < float(found.running_mean[0]) < 1
    assert not found.training


def far(optimiser: torch.optim.AdamW) -> None:
    """A step of FAR."""
    with torch.no_grad():
        for weight in optimiser.param_groups[0]["params"]:
            weight.add_(FAR)


def test_the_eyes_that_are_kept_are_the_mean_and_are_gone_on_from(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, few in (("FIRST", 4), ("BATCH", 4), ("FRESH", 1)):
        monkeypatch.setitem(getattr(classifier, name), "cpu", few)
    monkeypatch.setattr(classifier, "judged", lambda *_looks: [])
    started = Eyes()
    save_state("classifier", {"eyes": started.state_dict()})
    monkeypatch.setattr(torch.optim.AdamW, "step", far)
    classifier.train(one_step(run))
    kept = trained_eyes().windows.answer.weight
    moved = (kept - started.windows.answer.weight).abs().max()
    assert 0 < float(moved) < 0.95 * FAR
