"""TrainConfig: everything that decides what a training run computes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from os import PathLike
from typing import TYPE_CHECKING, Annotated, Any, Final

from lava_ed.config.checks import check_backend, check_hidden, check_names, too_large
from lava_ed.config.presets import preset
from lava_ed.config.schema import FLAT_FORMAT, FORMAT, read_config
from lava_ed.data import Dataset, load_dataset
from lava_ed.data.events.code import Encoding, EventCode
from lava_ed.errors import ChipLimitError, ConfigError
from lava_ed.files.reading import brief
from lava_ed.integers import check_integer
from lava_ed.learning_rules import RULES
from lava_ed.network.layers import check_text, connections_in
from lava_ed.network.settings import NetSettings, Setting, declared
from lava_ed.network.spec import NetworkSpec
from lava_ed.network.values import plain_of

EPOCHS_MAX: Final = 10_000
"""Every checkpoint keeps a row for each epoch, and its reader bounds what it takes in."""
WITHOUT_EFFECT: Final = ("data_dir", "checkpoint_interval", "snapshots", "snapshot_interval")
"""Fields that a resumed run may change: they do not change its result."""


@dataclass(frozen=True, init=False)
class TrainConfig:
    """A training run as plain data; `create` fills what is not given from the presets.

    Parameters
    ----------
    rule : str
        Name in `lava_ed.learning_rules.RULES`.
    dataset : str
        Name in `lava_ed.data.DATASETS`, or data of one's own, as `load_dataset` takes them.
    data_dir : str or None
        Folder of the data files.
    hidden : tuple of int
        Neurons of the hidden layers.
    epochs : int
    validation : float
        Share of the training part that is held out, 0 ≤ f < 1.
    limit : int or None
        Train on at most this many samples.
    shift : int
        Augmentation: each training image moves by up to this many pixels in both directions, anew in each epoch;
        0: none.  Samples held out and test samples stay where they are.
    flip : bool
        Augmentation: each training image is mirrored, left to right, or not, anew in each epoch.
    events : EventCode
        How recordings of an event camera are cut and filtered; without effect on images.
    calibrate : bool
        Thresholds, shifts of errors and rates, and the softmax of a net with convolutions are measured on some training
        samples before it learns, where they are not given.
    backend : {"engine", "lava"}
    checkpoint_interval : int
        Samples between two checkpoints.
    snapshots : bool
        Keep the net of every epoch, ``snapshot-0001.safetensors`` and so on, for `lava-ed diagnose`.
    snapshot_interval : int
        Epochs between two snapshots.
    learning_rate, decay
        The rate of the rule, and its schedule.
    net : NetSettings
        The settings of the net, whose seed is that of the order of samples and of the validation split, too.
        `init_limits` and `weight_exponents` have one value for every connection, or one each.

    Every setting of the net can be given, and read, as if it were a field of the configuration.

    Raises
    ------
    ConfigError
        If a setting is unknown or out of range.

    See Also
    --------
    lava_ed.network.settings.NetSettings : what the settings of the net mean.
    """

    rule: str
    dataset: str
    data_dir: str | None
    hidden: tuple[int, ...]
    epochs: Annotated[int, Setting(1)]
    learning_rate: float
    decay: tuple[tuple[float, float], ...]
    validation: float
    limit: Annotated[int | None, Setting(1)]
    backend: str
    checkpoint_interval: Annotated[int, Setting(1)]
    snapshots: Annotated[bool, Setting(earlier=False)]
    snapshot_interval: Annotated[int, Setting(1, earlier=1)]
    shift: Annotated[int, Setting(0, earlier=0)]
    flip: Annotated[bool, Setting(earlier=False)]
    events: Annotated[EventCode, Setting(earlier=EventCode())]
    calibrate: Annotated[bool, Setting(earlier=False)]
    net: NetSettings

    def __init__(self, **values: Any) -> None:
        of_net = {name: values.pop(name) for name in declared(NetSettings) if name in values}
        left_out = {n: note.earlier for n, (_, note) in declared(TrainConfig).items() if note.earlier is not ...}
        values = {**left_out, **values, "net": replace(values.get("net", NetSettings()), **of_net)}
        if missing := declared(TrainConfig).keys() ^ values.keys():
            raise TypeError(f"{', '.join(sorted(missing))}: missing or unknown; TrainConfig.create knows the presets")
        for name, value in values.items():
            object.__setattr__(self, name, plain_of(value))
        self._check()

    if not TYPE_CHECKING:  # so that a misspelt attribute is still an error where types are checked

        def __getattr__(self, name: str) -> Any:
            if name not in declared(NetSettings):
                raise AttributeError(f"TrainConfig has no attribute {name!r}")
            return getattr(self.net, name)

    @property
    def seed(self) -> int:
        """Seed of the weights, the random draws, the order of samples and the validation split."""
        return self.net.seed

    def _check(self) -> None:
        preset(self.rule, self.dataset)
        check_hidden(self.hidden)
        if self.net.arch:
            check_text(self.net.arch)
            if self.hidden:
                raise ConfigError(f"hidden {self.hidden} and arch {self.net.arch!r} both name layers: give one of them")
            check_backend(self.backend, RULES[self.rule](self.learning_rate, self.decay))
        elif self.calibrate:
            raise ConfigError("calibrate is for nets whose layers are named (arch): dense nets adapt their thresholds")
        else:
            check_backend(self.backend, self.spec(n_inputs=1, n_classes=2).rule)
        for name, (kind, setting) in declared(TrainConfig).items():
            value = getattr(self, name)
            if kind is int or (kind == int | None and value is not None):
                check_integer(name, value, setting.low)
        if self.epochs > EPOCHS_MAX:
            raise ConfigError(f"epochs is {self.epochs:,}, at most {EPOCHS_MAX:,} fit into a run's files: take fewer")
        if not 0 <= self.validation < 1:
            raise ConfigError(f"validation is {self.validation}, expected a share 0 ≤ f < 1")

    @classmethod
    def create(cls, rule: str = "std-ed", dataset: str = "digits", **settings: Any) -> TrainConfig:
        """A configuration from the presets of a rule and a data set, with some settings changed.

        Parameters
        ----------
        rule, dataset : str
        **settings
            Fields of `TrainConfig`; None means the preset.

        Raises
        ------
        ConfigError
            If a field is unknown or its value out of range.

        Examples
        --------
        >>> TrainConfig.create("std-ed", "digits", hidden=(64, 32)).spec(64, 10).sizes
        (64, 64, 32, 10)
        """
        check_names(settings, settable(), "setting of a training run")
        values: dict[str, Any] = {"data_dir": None, "limit": None, "backend": "engine"}
        choices = {name: settings.get(name) for name in ("hidden", "encoder", "readout", "arch")}
        values.update(preset(rule, dataset, **choices))
        values.update({name: value for name, value in settings.items() if value is not None})
        return cls(rule=rule, dataset=dataset, **values)

    def check_read(self) -> None:
        """Refuse a setting that the rule does not read; runs of earlier versions may hold one, so loading does not.

        Raises
        ------
        ConfigError
        """
        usual = preset(self.rule, self.dataset)
        for name in RULES[self.rule].unread:
            default = usual.get(name, getattr(NetSettings, name))
            if (value := getattr(self, name)) != default:
                raise ConfigError(f"{name} is {value}: {self.rule} does not read it; leave it out ({default})")

    def spec(self, n_inputs: int, n_classes: int, image_shape: tuple[int, ...] = ()) -> NetworkSpec:
        """The net that is trained, on images of this shape: (height, width), or channels before them.

        Raises
        ------
        ChipLimitError
            If it does not fit the chip, in terms of these settings.
        """
        net = {name: getattr(self.net, name) for name in declared(NetSettings)}
        if self.net.dependency == "auto" and not self.net.arch:  # until `train` has measured
            net["dependency"] = "x0"
        layers = connections_in(self.net.arch) or len(self.hidden) + 1
        for name in ("init_limits", "weight_exponents"):
            net[name] *= layers if len(net[name]) == 1 else 1
        if self.net.arch:
            net["image"] = (1, *image_shape)[-3:]
            spec = NetworkSpec((), RULES[self.rule](self.learning_rate, self.decay), **net)
            if (n_inputs, n_classes) != (spec.sizes[0], spec.sizes[-1]):
                raise ConfigError(
                    f"layers {self.net.arch!r} lead from {spec.sizes[0]} inputs to {spec.sizes[-1]} classes, the data "
                    f"have {n_inputs} and {n_classes}: end with {n_classes}"
                )
            return spec
        sizes = (n_inputs, *self.hidden, n_classes)
        try:
            return NetworkSpec(sizes, RULES[self.rule](self.learning_rate, self.decay), **net)
        except ChipLimitError as error:
            if found := too_large(sizes[:-1], self.net.steps, net["weight_exponents"]):
                raise ChipLimitError(found) from error
            raise

    @property
    def encoding(self) -> Encoding:
        """What recordings of an event camera become for this net."""
        return Encoding(self.events, self.net.encoder or RULES[self.rule].encoders[0], self.net.steps)

    def load(self, data_dir: str | PathLike[str] | None = None) -> Dataset:
        """The data set, from the configuration's folder or another one; recordings as samples for this net.

        Raises
        ------
        ConfigError, DataError
            As `load_dataset`.
        """
        folder = self.data_dir if data_dir is None else data_dir
        return load_dataset(self.dataset, folder, encoding=self.encoding)

    def settings(self) -> dict[str, Any]:
        """Every setting by its name, those of the net beside the others, as plain data."""
        values = asdict(self)
        net = values.pop("net")
        return {**values, **net}

    def to_dict(self) -> dict[str, Any]:
        """Plain description, as saved in a run's config.json."""
        return {"format": FORMAT, **asdict(self)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> TrainConfig:
        """Inverse of `to_dict`; a description of format 1 is understood as well.

        Raises
        ------
        ConfigError
            If the description is of another format, or has unknown or missing entries or such of another type.
        """
        values = dict(data)
        found = values.pop("format", None)
        if found not in (FLAT_FORMAT, FORMAT) or isinstance(found, bool):
            raise ConfigError(
                f"the configuration has format {brief(found)}, this version reads {FLAT_FORMAT} and {FORMAT}: "
                "use the version of lava-ed that wrote it, or train anew"
            )
        check_names(
            values,
            {"rule", "dataset", *settable()} if found == FLAT_FORMAT else declared(TrainConfig),
            "entry of a configuration",
        )
        return cls(**read_config(cls, values, found))

    def differences(self, other: TrainConfig) -> list[str]:
        """Names of the settings in which two runs differ and that change what is computed."""
        there = other.settings()
        return [n for n, value in self.settings().items() if n not in WITHOUT_EFFECT and there[n] != value]


def settable() -> set[str]:
    """Names of the settings on top of a rule and a data set."""
    return {*declared(TrainConfig), *declared(NetSettings)} - {"rule", "dataset", "net"}
