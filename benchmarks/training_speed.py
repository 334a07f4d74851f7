"""Seconds that NetworkClassifier trains, against a bare torch loop and against plain skorch.

All of them take the same numbers of epochs, batches and optimizer steps on the same rows with the same module,
on one thread. The bare loop takes literally the steps of ``train_network``: the script stops unless both end
with the same weights.
"""

import functools
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import skorch
import torch
from sklearn.datasets import make_classification
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import EarlyStopping
from skorch.helper import predefined_split
from skorch.utils import noop

from skcmkd import NetworkClassifier
from skcmkd.networks._fit import early_stopping_mask
from skcmkd.networks._losses import weighted_cross_entropy
from skcmkd.networks._modules import MLP
from skcmkd.networks._training import train_network

RESULTS = Path(__file__).parent / "results" / "training_speed.csv"
SIZES = ((100, 50, 200), (1000, 200, 60), (10000, 200, 12))  # rows, columns, epochs
REPEATS = 11
N_CLASSES = 4
BATCH_SIZE = 32
LEARNING_RATE = 1e-3
WEIGHT_DECAY = 1e-2
HIDDEN_LAYER_SIZES = (128, 64)
SEED = 0


def build_module(n_columns):
    """Make the network that every contender trains."""
    return MLP(n_columns, HIDDEN_LAYER_SIZES, N_CLASSES, 0.0)


def train_estimator(X, y, held_out, epochs):
    """Fit NetworkClassifier from raw arrays: checks, standardization and hold-out included."""
    network = NetworkClassifier(
        HIDDEN_LAYER_SIZES,
        learning_rate=LEARNING_RATE,
        weight_decay=WEIGHT_DECAY,
        batch_size=BATCH_SIZE,
        max_epochs=epochs,
        patience=epochs + 1,
        refit=False,
        linear_weight=0,
        validation_fraction=0.1,
        device="cpu",
        random_state=SEED,
    )
    return network.fit(X, y).net_.module_


def train_skcmkd(X, y, held_out, epochs):
    """Run the package's training alone, on arrays that are ready for it."""
    net = train_network(
        functools.partial(build_module, X.shape[1]),
        weighted_cross_entropy,
        X,
        (y, np.ones(len(y), dtype=np.float32)),
        validation_rows=held_out,
        max_epochs=epochs,
        patience=epochs + 1,
        batch_size=BATCH_SIZE,
        learning_rate=LEARNING_RATE,
        weight_decay=WEIGHT_DECAY,
        device="cpu",
        seed=SEED,
    )
    return net.module_


def train_bare(X, y, held_out, epochs):
    """Take the same steps in a loop of plain torch."""
    torch.manual_seed(SEED)
    order_generator = torch.Generator().manual_seed(SEED)
    X, y = torch.as_tensor(X), torch.as_tensor(y)
    weight, held_out = torch.ones(len(y)), torch.as_tensor(held_out)
    columns = [column[~held_out] for column in (X, y, weight)]
    X_valid, y_valid, weight_valid = (column[held_out] for column in (X, y, weight))
    module = build_module(X.shape[1])
    optimizer = torch.optim.AdamW(module.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY, fused=True)
    least_loss, best_weights = float("inf"), None
    for _ in range(epochs):
        module.train()
        order = torch.randperm(len(columns[0]), generator=order_generator)
        total = torch.zeros(())
        batches = zip(*(column[order].split(BATCH_SIZE) for column in columns), strict=True)
        for X_batch, y_batch, weight_batch in batches:
            loss = weighted_cross_entropy(module(X_batch), y_batch, weight_batch).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.detach() * len(X_batch)
        total.item()
        module.eval()
        with torch.no_grad():
            valid_loss = weighted_cross_entropy(module(X_valid), y_valid, weight_valid).mean().item()
        if valid_loss < least_loss:
            least_loss = valid_loss
            best_weights = {name: value.clone() for name, value in module.state_dict().items()}
    module.load_state_dict(best_weights)
    return module


def train_skorch(X, y, held_out, epochs):
    """Fit skorch's own classifier with its DataLoader and its default callbacks."""
    net = skorch.NeuralNetClassifier(
        build_module(X.shape[1]),
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.AdamW,
        optimizer__weight_decay=WEIGHT_DECAY,
        optimizer__fused=True,
        lr=LEARNING_RATE,
        max_epochs=epochs,
        batch_size=BATCH_SIZE,
        iterator_train__shuffle=True,
        train_split=predefined_split(skorch.dataset.Dataset(X[held_out], y[held_out])),
        callbacks=[EarlyStopping(patience=epochs + 1, threshold=0.0, load_best=True, sink=noop)],
        verbose=0,
    )
    return net.fit(X[~held_out], y[~held_out]).module_


CONTENDERS = {
    "bare": train_bare,
    "train_network": train_skcmkd,
    "NetworkClassifier": train_estimator,
    "skorch": train_skorch,
}


def time_size(n_rows, n_columns, epochs):
    """Seconds of each contender, one row a repeat; in each the contenders run in a new random order."""
    X, y = make_classification(
        n_rows, n_columns, n_informative=10, n_redundant=0, n_classes=N_CLASSES, random_state=SEED
    )
    held_out = early_stopping_mask(y, n_rows, 0.1, SEED)
    scaled = StandardScaler().fit_transform(X).astype(np.float32)
    inputs = dict.fromkeys(CONTENDERS, scaled) | {"NetworkClassifier": X}
    names, generator = list(CONTENDERS), np.random.default_rng(SEED)
    rows = []
    for repeat in range(-1, REPEATS):  # the first round warms up
        seconds, modules = {}, {}
        for name in generator.permutation(names):
            begin = time.perf_counter()
            modules[name] = CONTENDERS[name](inputs[name], y, held_out, epochs)
            seconds[name] = time.perf_counter() - begin
        check_same_weights(modules["bare"], modules["train_network"])
        if repeat >= 0:
            row = {"rows": n_rows, "columns": n_columns, "epochs": epochs, "repeat": repeat}
            rows.append(row | {name: seconds[name] for name in names})
    return rows


def check_same_weights(module, other):
    """Raise unless two modules have equal weights."""
    pairs = zip(module.parameters(), other.parameters(), strict=True)
    if not all(torch.equal(weight, other_weight) for weight, other_weight in pairs):
        raise AssertionError("The bare loop does not take the steps of train_network.")


def summarize(table):
    """Median seconds of the bare loop and, for the others, median and quartiles of the ratio to it."""
    rows = []
    for (n_rows, n_columns, epochs), part in table.groupby(["rows", "columns", "epochs"]):
        row = {"rows": n_rows, "columns": n_columns, "epochs": epochs, "bare, s": f"{part.bare.median():.3f}"}
        for name in list(CONTENDERS)[1:]:
            low, middle, high = (part[name] / part.bare).quantile([0.25, 0.5, 0.75])
            row[f"{name} / bare"] = f"{middle:.2f} ({low:.2f}-{high:.2f})"
        rows.append(row)
    return pd.DataFrame(rows)


def main():
    """Time every size, write the rows and print the summary."""
    warnings.filterwarnings("error")
    torch.set_num_threads(1)
    table = pd.DataFrame([row for size in SIZES for row in time_size(*size)])
    RESULTS.parent.mkdir(exist_ok=True)
    table.to_csv(RESULTS, index=False, float_format="%.5f")
    print(f"Median of {REPEATS} pairwise ratios (quartiles), one thread")
    print(summarize(table).to_string(index=False))


if __name__ == "__main__":
    main()
