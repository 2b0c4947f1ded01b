"""TrainConfig: everything that decides what a training run computes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from numbers import Integral
from typing import Any, Final, Literal

from lava_ed.errors import ChipLimitError, ConfigError
from lava_ed.learning_rules import RULES
from lava_ed.network.adaptation import Adaptation
from lava_ed.network.encoding import EncoderKind
from lava_ed.network.schedule import ReadoutKind
from lava_ed.network.spec import EARLIER, Feedback, NetworkSpec, Rounding, WeightRounding
from lava_ed.train.backend import BACKENDS, check_backend
from lava_ed.train.layer_limits import check_hidden, too_large
from lava_ed.train.names import check_names
from lava_ed.train.presets import preset

FORMAT: Final = 1
EPOCHS_MAX: Final = 10_000
"""Every checkpoint keeps a row for each epoch, and its reader bounds what it takes in."""
"""Version of the dictionary form."""
WITHOUT_EFFECT: Final = ("data_dir", "checkpoint_interval", "snapshots")
"""Fields that a resumed run may change: they do not change its result."""


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """A training run as plain data; `create` fills what is not given from the presets.

    Parameters
    ----------
    rule : {"std-ed", "mpd-ed", "relpsp-fixed", "ssgd", "sg-bptt", "renner"}
    dataset : {"digits", "mnist", "fashion-mnist"}
    data_dir : str or None
        Folder of the data files.
    hidden : tuple of int
        Neurons of the hidden layers.
    epochs : int
    seed : int
        Of the weights, the random streams, the order of samples and the validation split.
    validation : float
        Share of the training part that is held out, 0 ≤ f < 1.
    limit : int or None
        Train on at most this many samples.
    shift : int
        Augmentation: each training image moves by up to this many pixels in both directions, anew in each epoch;
        0: none.  Samples held out and test samples stay where they are.
    backend : {"engine", "lava"}
    checkpoint_interval : int
        Samples between two checkpoints.
    snapshots : bool
        Keep the net of every epoch, ``snapshot-0001.safetensors`` and so on, for `lava-ed diagnose`.
    init_limits, weight_exponents : tuple of int
        One value for every connection, or one each.

    The other fields are those of `NetworkSpec` and of the rule.

    Raises
    ------
    ConfigError
        If a setting is unknown or out of range.

    See Also
    --------
    lava_ed.network.NetworkSpec : what the settings of the net mean.
    """

    rule: str
    dataset: str
    data_dir: str | None
    hidden: tuple[int, ...]
    epochs: int
    seed: int
    steps: int
    learning_rate: float
    decay: tuple[tuple[float, float], ...]
    encoder: EncoderKind
    readout: ReadoutKind
    feedback: Feedback
    adaptation: Adaptation
    readout_adaptation: Adaptation
    init_limits: tuple[int, ...]
    weight_exponents: tuple[int, ...]
    error_shift: int
    error_limit: int
    softmax_shift: int
    softmax_rounding: Rounding
    weight_rounding: WeightRounding
    dead_zone: int
    dv: int
    half_width: int
    input_drop: int
    overflow: Literal["raise", "warn", "wrap"]
    validation: float
    limit: int | None
    backend: str
    checkpoint_interval: int
    snapshots: bool = False
    shift: int = 0

    def __post_init__(self) -> None:
        preset(self.rule, self.dataset)
        check_hidden(self.hidden)
        if self.backend not in BACKENDS:
            raise ConfigError(f"back end {self.backend!r} is unknown: use one of {', '.join(BACKENDS)}")
        check_backend(self.backend, self.spec(n_inputs=1, n_classes=2).rule)
        for name, value, low in (
            ("epochs", self.epochs, 1),
            ("checkpoint_interval", self.checkpoint_interval, 1),
            ("limit", 1 if self.limit is None else self.limit, 1),
            ("seed", self.seed, 0),
            ("shift", self.shift, 0),
        ):
            if not isinstance(value, Integral) or isinstance(value, bool):
                raise ConfigError(f"{name} is {value!r}: an integer is needed")
            if value < low:
                raise ConfigError(f"{name} is {value}, it must be at least {low}")
        if self.epochs > EPOCHS_MAX:
            raise ConfigError(f"epochs is {self.epochs:,}, at most {EPOCHS_MAX:,} fit into a run's files: take fewer")
        if not 0 <= self.validation < 1:
            raise ConfigError(f"validation is {self.validation}, expected a share 0 ≤ f < 1")
        # Any bad setting of the net shows here, not after a data set has been read.
        self.spec(n_inputs=1, n_classes=2)

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
        check_names(settings, {f.name for f in fields(cls)} - {"rule", "dataset"}, "setting of a training run")
        values: dict[str, Any] = {"data_dir": None, "seed": 0, "limit": None, "backend": "engine"}
        choices = {name: settings.get(name) for name in ("hidden", "encoder", "readout")}
        values.update(preset(rule, dataset, **choices))
        values.update({name: value for name, value in settings.items() if value is not None})
        return cls(rule=rule, dataset=dataset, **values)

    def spec(self, n_inputs: int, n_classes: int) -> NetworkSpec:
        """The net that is trained.

        Raises
        ------
        ChipLimitError
            If it does not fit the chip, in terms of these settings.
        """
        try:
            return self._spec(n_inputs, n_classes)
        except ChipLimitError as error:
            exponents = self._for_each_connection(self.weight_exponents)
            if found := too_large((n_inputs, *self.hidden), self.steps, exponents):
                raise ChipLimitError(found) from error
            raise

    def _for_each_connection(self, values: tuple[int, ...]) -> tuple[int, ...]:
        """One value for each connection; a single one is meant for all."""
        return values * (len(self.hidden) + 1) if len(values) == 1 else values

    def _spec(self, n_inputs: int, n_classes: int) -> NetworkSpec:
        return NetworkSpec(
            (n_inputs, *self.hidden, n_classes),
            RULES[self.rule](learning_rate=self.learning_rate, decay=self.decay),
            steps=self.steps,
            encoder=self.encoder,
            readout=self.readout,
            feedback=self.feedback,
            adaptation=self.adaptation,
            readout_adaptation=self.readout_adaptation,
            init_limits=self._for_each_connection(self.init_limits),
            weight_exponents=self._for_each_connection(self.weight_exponents),
            error_shift=self.error_shift,
            error_limit=self.error_limit,
            softmax_shift=self.softmax_shift,
            softmax_rounding=self.softmax_rounding,
            weight_rounding=self.weight_rounding,
            dead_zone=self.dead_zone,
            dv=self.dv,
            half_width=self.half_width,
            input_drop=self.input_drop,
            overflow=self.overflow,
            seed=self.seed,
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain description, as saved in a run's config.json."""
        return {"format": FORMAT, **asdict(self)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> TrainConfig:
        """Inverse of `to_dict`.

        Raises
        ------
        ConfigError
            If the description is of another format, or has unknown or missing entries or such of another type.
        """
        from lava_ed.train.schemas import check_config

        values = dict(data)
        found = values.pop("format", None)
        for name, value in EARLIER.items():
            values.setdefault(name, value)
        if found != FORMAT:
            raise ConfigError(
                f"the configuration has format {found}, this version reads {FORMAT}: "
                "use the version of lava-ed that wrote it, or train anew"
            )
        check_names(values, {f.name for f in fields(cls)}, "entry of a configuration")
        check_config(values)
        values["decay"] = tuple((float(p), float(f)) for p, f in values["decay"])
        for name in ("adaptation", "readout_adaptation"):
            values[name] = Adaptation(**values[name])
        for name in ("hidden", "init_limits", "weight_exponents"):
            values[name] = tuple(values[name])
        return cls(**values)

    def differences(self, other: TrainConfig) -> list[str]:
        """Names of the fields in which two runs differ and that change what is computed."""
        names = [f.name for f in fields(self) if f.name not in WITHOUT_EFFECT]
        return [name for name in names if getattr(self, name) != getattr(other, name)]
