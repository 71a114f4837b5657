"""Muon for the matrices of the blocks, AdamW for the embedding and the norms.

Muon (Jordan and others, 2024) replaces a matrix's averaged gradient by the nearest orthogonal matrix, found with a
few Newton-Schulz steps, so that every direction of the update has the same size. On a network this small it
needs about half of AdamW's steps.
"""

import torch

MOMENTUM = 0.95
# Steps of X <- a X + (b (X X') + c (X X')^2) X with these factors send all singular values close to 1.
NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)


def orthogonal(matrix, rounds=5):
    """The matrix with all its singular values moved to about 1."""
    a, b, c = NEWTON_SCHULZ
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.bfloat16()
    x = x.t() if tall else x
    x = x / (x.norm() + 1e-7)
    for _ in range(rounds):
        square = x @ x.t()
        x = a * x + (b * square + c * (square @ square)) @ x
    return (x.t() if tall else x).to(matrix.dtype)


class Muon(torch.optim.Optimizer):
    def __init__(self, matrices, weight_decay):
        super().__init__(matrices, {"lr": 0.0, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for weight in group["params"]:
                state = self.state[weight]
                if not state:
                    state["average"] = torch.zeros_like(weight)
                average = state["average"].lerp_(weight.grad, 1 - MOMENTUM)
                update = orthogonal(weight.grad.lerp(average, MOMENTUM))
                rows, columns = weight.shape
                weight.mul_(1 - group["lr"] * group["weight_decay"])
                weight.add_(update, alpha=-group["lr"] * max(1.0, rows / columns) ** 0.5)


class Optimiser:
    """Both together. Learning rates are set as shares of each one's highest."""

    MUON_RATE, ADAM_RATE = 0.02, 3e-3

    def __init__(self, weights):
        blocks = [w for name, w in weights.items() if w.dim() > 1 and name.startswith("blk.")]
        rest = [w for name, w in weights.items() if w.dim() == 1 or not name.startswith("blk.")]
        self.weights = list(weights.values())
        self.parts = (
            (Muon(blocks, weight_decay=0.02), self.MUON_RATE),
            (torch.optim.AdamW(rest, lr=0.0, betas=(0.9, 0.98), weight_decay=0.0), self.ADAM_RATE),
        )

    def step(self, share):
        """One step with the gradients of the weights, which are cleared."""
        torch.nn.utils.clip_grad_norm_(self.weights, 1.0)
        for part, highest in self.parts:
            for group in part.param_groups:
                group["lr"] = highest * share
            part.step()
            part.zero_grad(set_to_none=True)

    def state_dict(self):
        return [part.state_dict() for part, _ in self.parts]

    def load_state_dict(self, saved):
        for (part, _), state in zip(self.parts, saved):
            part.load_state_dict(state)
