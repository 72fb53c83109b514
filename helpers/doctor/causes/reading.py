"""Where the book explains each cause: the section, and words that stand there about this cause."""

CHAPTER = "debugging"  # the chapter of a heading that names none

STEPS, LOADER = "b9-all-the-lines-are-there", "b10-the-loader-does-the-rest"
LOSS, LAYERS = "b11-the-loss-falls-so-it-is-the-right-one", "b12-pytorch-finds-my-layers"

# section of the book -> cause -> words that stand in it
SECTIONS: dict[str, dict[str, str]] = {
    "is-it-better-than-the-baseline": {"loss-broadcasts": "broadcasting", "input-ignored": "hardly uses its input"},
    "look-at-the-data": {"valid-scaled-otherwise": "sixteen times too small"},
    "learn-one-batch-by-heart": {"cannot-memorize-batch": "learn that batch by heart"},
    "what-the-loss-expects": {
        "softmax-before-cross-entropy": "applies the softmax itself",
        "evaluation-loss-of-shares": "applied twice",
        "loss-not-minimal-at-truth": "perfect answers cost nothing",
    },
    "the-loss-at-the-start": {"start-loss-high": r"$\log K$", "loss-summed": "the loss is summed"},
    "which-parts-get-a-gradient": {"gradient-cut-off": "cuts the path", "gradient-vanishes": "almost nothing arrives"},
    "train-against-eval": {"train-eval-apart": "the modes disagree", "batchnorm-momentum": "`momentum`"},
    "what-a-step-does": {"zero-grad-missing": "`zero_grad`", "gradient-differs": "the gradient due"},
    "what-may-move": {
        "freeze-flag-misspelt": "`requires_grad_(False)`",
        "frozen-layer-moves": "The weights do not know of it",
        "optimizer-misses-parameters": "missing in the optimizer",
        "optimizer-of-another-model": "the parameters of the old one",
        "weights-do-not-move": "list what moved",
        "nothing-moves": "list what moved",
    },
    "the-rate": {
        "rate-too-high": "far too large",
        "outputs-collapse": "every image gets the same answer",
        "units-dead-at-start": "*dead* units",
    },
    "what-do-the-answers-depend-on": {
        "batch-taken-for-time": "`batch_first=True`",
        "batch-mixed": "no sample may change the answer",
    },
    "what-may-see-what": {"future-leaks": "*causal mask*"},
    "is-the-number-right": {
        "evaluation-takes-wrong-axis": "`dim=0` should be `dim=1`",
        "evaluation-depends-on-batching": "depends on the batch size",
        "evaluation-averages-batches": "a small last batch",
    },
    "b1-it-is-hard-to-know-where-a-model-goes-wrong": {"sigmoid-before-logits-loss": "the second sigmoid"},
    "b2-the-accuracy-is-low-it-can-be-improved-by-tuning": {
        "label-without-information": "tell nothing about the labels"
    },
    "b5-a-schedule-that-waits-for-the-wrong-direction": {"schedule-wrong-way": "`ReduceLROnPlateau`"},
    "b6-nan-to-num-hides-the-nan-and-keeps-it-in-the-gradient": {
        "gradient-not-finite": "one gradient is NaN",
        "outputs-not-finite": "where the NaN arises",
    },
    STEPS: {
        "zero-grad-before-step": "finds no gradient",
        "step-never-called": "no `step()`",
        "backward-never-called": "no `backward()`",
        "clipping-after-step": "`clip_grad_norm_` after `step()`",
        "clipped-before-unscaling": "`scaler.unscale_`",
        "optimizer-made-anew": "made inside the loop",
        "rate-never-falls": "the schedule is never stepped",
        "schedule-of-another-optimizer": "another optimizer",
        "schedule-before-step": "the first rate is skipped",
        "rate-grows": "the rate grows",
        "weight-decay-too-strong": "`weight_decay`",
        "graph-kept": "`loss.item()`",
        "trained-in-eval-mode": "no `train()`",
        "evaluation-leaves-eval-mode": "after an evaluation",
        "evaluation-changes-model": "learns from the validation set",
        "checkpoint-is-reference": "this is a reference",
    },
    LOADER: {
        "data-not-finite": "NaN or an infinity",
        "same-order-every-epoch": "the same order",
        "samples-repeat": "`next(iter(loader))`",
        "workers-read-the-same": "`get_worker_info()`",
        "evaluation-keeps-state": "from the call before",
        "augmentation-repeats": "the same random changes in both epochs",
        "batch-part-unused": "that no step reads",
        "sorted-by-target": "targets of one size",
        "label-in-inputs": "known only after the answer",
        "class-never-seen": "it cannot be predicted",
        "label-map-differs": "another class in validation",
        "valid-overlaps-train": "a training sample in the validation set",
        "evaluation-of-other-data": "loops over the training set",
    },
    LOSS: {
        "nll-without-log-softmax": "`nll_loss`",
        "loss-needs-probabilities": "outside 0 to 1",
        "evaluation-loss-of-scores": "raw scores in `nll_loss`",
        "targets-out-of-range": "from 0 to 255",
        "targets-badly-scaled": "in the thousands",
        "loss-grows-towards-truth": "away from the truth",
        "loss-unbounded": "that is subtracted",
        "loss-ignores-target": "other targets than those of the batch",
        "class-weights-inverted": "grow with the frequency",
        "class-weights-absurd": "far above the others",
        "end-token-never-trained": "never learns to stop",
        "token-never-trained": "`padding_idx`",
        "loss-counts-padding": "padded places, too",
    },
    LAYERS: {
        "layer-made-in-forward": "made in `forward`",
        "layers-not-registered": "`nn.ModuleList`",
        "layers-share-weights": "share their weights",
        "part-without-gradient": "multiplied by zero",
        "softmax-over-one": "axis of length one",
        "dropout-always-on": "drops in eval mode",
        "answers-random": "two answers",
        "dropout-too-strong": "nine in ten",
        "batchnorm-of-one-sample": "a single sample",
        "changed-in-place": "`nn.ReLU(inplace=True)`",
        "state-carried-over": "hidden state",
        "place-in-batch-seen": "the place in the batch",
    },
    "exercise-5-broken-program-3-a-penalty-without-effect": {"term-without-gradient": "no path leads back"},
    "exercise-6-broken-program-4-small-batches-added-up": {"zero-grad-in-every-microbatch": "inner loop"},
    # other chapters
    "attention#a8-true-means-two-things": {"mask-inverted": "inverted"},
    "attention#a13-the-padding-is-looked-at": {"padding-seen": "`key_padding_mask`"},
    "concepts#c15-an-activation-belongs-between-layers-at-the-output-it-can-forbid-the-answer": {
        "output-cannot-reach-target": "can ever be predicted"
    },
    "concepts#which-number-says-how-good-it-is": {"majority-only": "always says no"},
    "data-augmentation#what-about-volumes-and-their-masks": {"mask-apart-from-image": "two draws"},
    "generative#g9-gradients-pile-up-in-the-discriminator": {"other-network-leftovers": "leaves gradients there"},
    "generative#g11-the-weight-of-the-kl-is-stored-and-never-used": {"setting-without-effect": "never reads it"},
    "generative#the-trap-of-the-mean": {"posterior-collapsed": "*posterior collapse*"},
    "language-models#a10-the-targets-are-not-moved": {"targets-not-shifted": "moved by one place"},
    "language-models#a14-the-targets-are-moved-twice": {"targets-shifted-twice": "moved twice"},
    "logistic-regression#l6-rounding-a-logit-does-not-give-a-class": {"evaluation-threshold": "Compare logits with 0"},
    "logistic-regression#l7-a-validation-score-is-not-a-test-score-and-rows-in-file-order-teach-badly": {
        "sorted-by-class": "sorted by class"
    },
    "logistic-regression#why-standardize": {"inputs-badly-scaled": "on raw features"},
    "reinforcement#q5-a-gradient-through-the-target": {"gradient-through-target": "`no_grad`"},
    "reinforcement#q6-the-target-network-is-the-network": {
        "target-is-the-same-object": "a second name",
        "target-never-updated": "stays at its random start",
    },
    "rnn#a-model-that-writes": {"padding-in-loss": "`ignore_index=0`"},
    "rnn#r2-a-column-against-a-row": {"evaluation-broadcasts": "broadcasts"},
    "scaling#a-large-batch-in-small-parts": {"gradient-not-averaged": "four times"},
    "scaling#helpers-that-load-the-data": {"workers-draw-alike": "all workers draw the same ones"},
    "scaling#x6-set-epoch-is-forgotten": {"sampler-epoch-never-set": "`sampler.set_epoch(epoch)`"},
    "softmax-regression#exercise-4-start-the-mlp-from-zero": {"units-start-equal": "get the same gradient"},
    "transfer#f1-requires-grad-false-does-not-keep-a-trunk-from-changing": {
        "frozen-statistics-move": "running statistics"
    },
    "transfer#f5-strict-false-may-load-nothing-at-all": {"checkpoint-not-loaded": "`strict=False`"},
    "u-net#u3-reshaping-without-moving-the-channels": {"axes-reshaped": "reads the memory in order"},
    "u-net#u5-a-schedule-in-epochs-stepped-per-batch": {"rate-gone-early": "divides the rate again and again"},
    "u-net#u7-predicting-in-training-mode": {"evaluation-in-train-mode": "`model.eval()`"},
}

ADDRESSES = {
    cause: f"chapters/{section if '#' in section else f'{CHAPTER}#{section}'}".replace("#", ".html#")
    for section, causes in SECTIONS.items()
    for cause in causes
}
