"""Stops a run before its budget is exceeded: every request reserves the most it can cost before it is sent."""

from __future__ import annotations

import time

from medsynth.errors import UserError
from medsynth.llm.base import ChatRequest, Reply
from medsynth.llm.journal import Journal, Usage
from medsynth.llm.settings import BudgetSettings, LLMSettings, Price

# Before a server has told token counts: no tokenizer in use makes more tokens than a text has UTF-8 bytes.
_BYTES_PER_TOKEN = 1.0
# What chat templates add to a prompt, and to each message of it; measured ones stay below.
_PER_PROMPT, _PER_MESSAGE = 24, 8


class BudgetReached(UserError):
    """The next request could exceed the budget. What is finished is kept."""


def cost_of(usage: Usage, prices: dict[str, Price]) -> float | None:
    """Return what a stage's replies cost, or None where a price or a token count is unknown."""
    price = prices.get(usage.model)
    if price is None or usage.untold:
        return None
    return (usage.prompt_tokens * price.input + usage.completion_tokens * price.output) / 1e6


class Budget:
    """Counts what was spent in the run so far and what the requests in flight may still cost."""

    def __init__(self, budget: BudgetSettings, llm: LLMSettings, journal: Journal) -> None:
        """Raises UserError when money is limited and a model has no price."""
        self._limits = budget
        self._price = llm.prices.get(llm.model)
        if budget.cost is not None and self._price is None:
            raise UserError(
                f"budget.cost needs a price: add {llm.model!r} to llm.prices in the pipeline file"
            )
        usage = journal.usage()
        self._tokens = float(sum(u.tokens for u in usage))
        self._cost = sum(
            (u.prompt_tokens * p.input + u.completion_tokens * p.output) / 1e6
            for u in usage
            if (p := llm.prices.get(u.model))
        )
        self._hours = journal.hours()
        self._started = time.monotonic()
        self._reserved_tokens = self._reserved_cost = 0.0
        self._bytes_per_token = _BYTES_PER_TOKEN

    def reserve(self, request: ChatRequest) -> tuple[float, float]:
        """Set aside the most that this request can cost: (prompt, completion) tokens. Raises BudgetReached."""
        size = sum(len(m.content.encode("utf-8", "replace")) for m in request.messages)
        prompt = size / self._bytes_per_token + _PER_PROMPT + _PER_MESSAGE * len(request.messages)
        claim = (prompt, float(request.sampling.max_tokens))
        limits, money = self._limits, self._money(*claim)
        if limits.tokens is not None and self._tokens + self._reserved_tokens + sum(claim) > limits.tokens:
            raise self._reached(f"{limits.tokens} tokens", f"{self._tokens:.0f} are spent")
        if limits.cost is not None and self._cost + self._reserved_cost + money > limits.cost:
            currency = self._price.currency if self._price else ""
            raise self._reached(f"{limits.cost:g} {currency}", f"{self._cost:.4f} are spent")
        hours = self._hours + (time.monotonic() - self._started) / 3600
        if limits.hours is not None and hours >= limits.hours:
            raise self._reached(f"{limits.hours:g} hours", f"{hours:.3f} are spent")
        self._reserved_tokens += sum(claim)
        self._reserved_cost += money
        return claim

    def settle(self, claim: tuple[float, float], request: ChatRequest, reply: Reply | None) -> None:
        """Replace a reservation by what was spent (nothing, where no reply came).

        Where the server tells no counts, the reservation itself is taken as spent.
        """
        self._reserved_tokens -= sum(claim)
        self._reserved_cost -= self._money(*claim)
        if reply is None:
            return
        prompt = claim[0] if reply.prompt_tokens is None else float(reply.prompt_tokens)
        completion = claim[1] if reply.completion_tokens is None else float(reply.completion_tokens)
        self._tokens += prompt + completion
        self._cost += self._money(prompt, completion)
        if reply.prompt_tokens:
            size = sum(len(m.content.encode("utf-8", "replace")) for m in request.messages)
            seen = size / reply.prompt_tokens
            self._bytes_per_token = min(seen, 0.9 * self._bytes_per_token + 0.1 * seen)

    def _money(self, prompt: float, completion: float) -> float:
        return (prompt * self._price.input + completion * self._price.output) / 1e6 if self._price else 0.0

    @staticmethod
    def _reached(limit: str, spent: str) -> BudgetReached:
        return BudgetReached(
            f"budget: the next request could exceed {limit} ({spent}); finished work is kept, "
            "raise the budget and the same command goes on"
        )
