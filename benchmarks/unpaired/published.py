"""The published procedure, re-enacted in plain torch from its description (arXiv 2606.10504), as its code runs.

One step on a batch of student rows, each beside a random teacher row of the same label, the teacher frozen:

1. copy the student; on the copy's features take n1 steps down the transport cost ``W_reg(student, teacher)``, by
   Sinkhorn's iterations outside the log domain, differentiated through all of them;
2. on the copy's head take n2 steps down CE(head(f), y) - kappa CE(teacher head(f), y). The second part has no gradient
   in the head, so this is cross-entropy;
3. the gradient of CE(copy(x), y) at the copy is applied to the student.

Every batch has a new copy and new optimizers. The learning rate of the student warms up and decays by a cosine.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import ot
import torch
from torch import Tensor, nn
from torch.nn import functional as F

COSTS = ("cosine", "euclidean", "cityblock", "chordal")


@dataclass(frozen=True)
class Settings:
    """The published choices; ``n_feature_steps`` and ``n_head_steps`` are n1 and n2."""

    cost: str = "cosine"
    reg: float = 0.1
    n_iterations: int = 100
    n_feature_steps: int = 1
    n_head_steps: int = 1
    inner_learning_rate: float = 1e-5
    inner_weight_decay: float = 0.05
    learning_rate: float = 1e-4
    weight_decay: float = 0.05
    warm_up: float = 0.1
    largest_norm: float = 5.0


def ground_cost(student: Tensor, teacher: Tensor, cost: str) -> Tensor:
    """Cost of moving each student row's features to each teacher row's, as it stands: nothing is normalized."""
    if cost == "euclidean":
        return torch.cdist(student, teacher)
    if cost == "cityblock":
        return torch.cdist(student, teacher, p=1)
    similarity = F.normalize(student, dim=1) @ F.normalize(teacher, dim=1).T
    # The chord between the ends of two unit vectors.
    return 1 - similarity if cost == "cosine" else (2 - 2 * similarity).clamp_min(1e-12).sqrt()


def transport_cost(student: Tensor, teacher: Tensor, settings: Settings) -> Tensor:
    """Entropic transport cost with uniform weights, differentiated through the iterations."""
    a, b = (torch.full((len(rows),), 1 / len(rows), dtype=rows.dtype) for rows in (student, teacher))
    cost = ground_cost(student, teacher, settings.cost)
    return ot.sinkhorn2(a, b, cost, settings.reg, method="sinkhorn", numItermax=settings.n_iterations, warn=False)


def adapt_copy(
    student: nn.Module, teacher_head: nn.Module, X: Tensor, y: Tensor, teacher_features: Tensor, settings: Settings
) -> nn.Module:
    """The copy of the student after its inner steps."""
    adapted = copy.deepcopy(student)
    options = {"lr": settings.inner_learning_rate, "weight_decay": settings.inner_weight_decay}
    optimizer = torch.optim.AdamW(adapted.represent.parameters(), **options)
    for _ in range(settings.n_feature_steps):
        optimizer.zero_grad()
        transport_cost(adapted.represent(X), teacher_features, settings).backward()
        optimizer.step()
    optimizer = torch.optim.AdamW(adapted.head.parameters(), **options)
    features = adapted.represent(X).detach()
    for _ in range(settings.n_head_steps):
        optimizer.zero_grad()
        with torch.no_grad():
            of_teacher = F.log_softmax(teacher_head(features), dim=1).gather(1, y[:, None])[:, 0]
        label_term = F.cross_entropy(adapted.head(features), y) + (of_teacher.exp() * of_teacher).mean()
        label_term.backward()
        optimizer.step()
    return adapted


def step(
    student: nn.Module,
    teacher_head: nn.Module,
    X: Tensor,
    y: Tensor,
    teacher_features: Tensor,
    optimizer: torch.optim.Optimizer,
    settings: Settings,
) -> float:
    """One step of the student in place; gives the cross-entropy at the copy."""
    adapted = adapt_copy(student, teacher_head, X, y, teacher_features, settings)
    adapted.zero_grad()
    loss = F.cross_entropy(adapted(X), y)
    loss.backward()
    for parameter, moved in zip(student.parameters(), adapted.parameters(), strict=True):
        parameter.grad = None if moved.grad is None else moved.grad.clone()
    nn.utils.clip_grad_norm_(student.parameters(), settings.largest_norm)
    optimizer.step()
    return loss.item()


def same_label_rows(y: Tensor, y_teacher: Tensor, generator: torch.Generator) -> Tensor:
    """For each student row a random teacher row of its label."""
    rows = torch.empty_like(y)
    for label in y.unique():
        of_label, candidates = y == label, torch.nonzero(y_teacher == label)[:, 0]
        rows[of_label] = candidates[torch.randint(len(candidates), (int(of_label.sum()),), generator=generator)]
    return rows


def batches(
    X: Tensor, y: Tensor, features: Tensor, y_teacher: Tensor, batch_size: int, generator: torch.Generator
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """One epoch of student rows in random order, with their labels and the features of teacher rows."""
    for rows in torch.randperm(len(X), generator=generator).split(batch_size):
        partners = same_label_rows(y[rows], y_teacher, generator)
        yield X[rows], y[rows], features[partners]


def train(
    student: nn.Module,
    teacher_head: nn.Module,
    X: Tensor,
    y: Tensor,
    features: Tensor,
    y_teacher: Tensor,
    *,
    n_epochs: int,
    batch_size: int,
    settings: Settings | None = None,
    seed: int = 0,
) -> list[float]:
    """Train the student in place; gives the mean loss of each epoch.

    ``features`` are those of the frozen teacher for its own cohort; they have as many columns as the student's.
    """
    settings = settings or Settings()
    generator = torch.Generator().manual_seed(seed)
    options = {"lr": settings.learning_rate, "weight_decay": settings.weight_decay}
    optimizer = torch.optim.AdamW(student.parameters(), **options)
    n_steps = n_epochs * -(-len(X) // batch_size)
    n_warm = max(1, int(settings.warm_up * n_steps))

    def rate(now: int) -> float:
        return (now + 1) / n_warm if now < n_warm else 0.5 + 0.5 * np.cos(np.pi * (now - n_warm) / (n_steps - n_warm))

    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, rate)
    history = []
    student.train()
    for _ in range(n_epochs):
        losses = []
        for part in batches(X, y, features, y_teacher, batch_size, generator):
            losses.append(step(student, teacher_head, *part, optimizer, settings))
            schedule.step()
        history.append(float(np.mean(losses)))
    return history
