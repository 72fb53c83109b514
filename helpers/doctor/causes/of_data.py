"""Causes that lie in the data: its order, its scale, its labels, and what training and validation share."""

from helpers.doctor.causes.cause import Cause

DATA_CAUSES = (
    # checks/data.py
    Cause(
        "data-not-finite",
        "one NaN or infinity in a batch makes the loss and then every weight NaN",
        "drop or fill such values, as in torch.nan_to_num(x), before training",
        hides=("gradient-not-finite", "outputs-not-finite"),
    ),
    Cause(
        "inputs-badly-scaled",
        "inputs far from 0, large, or of unlike sizes make one rate too high for some weights and too low for others",
        "subtract the mean and divide by the standard deviation of the training set, in the units of the data",
        hides=("cannot-memorize-batch", "input-ignored", "start-loss-high"),
    ),
    Cause(
        "sorted-by-class",
        "each batch holds one class, and every step unlearns the class before",
        "pass shuffle=True to the DataLoader of the training set",
        hides=("majority-only",),
    ),
    Cause(
        "sampler-epoch-never-set",
        "a shuffling sampler gives the same order in every epoch",
        "call sampler.set_epoch(epoch) at the start of each epoch",
        hides=("same-order-every-epoch",),
    ),
    Cause(
        "same-order-every-epoch",
        "the shuffle draws the same order each time, and with it the same batches",
        "make the generator once, outside the epoch loop",
    ),
    Cause(
        "augmentation-repeats",
        "what should be random is the same in each epoch, so that augmentation adds nothing",
        "draw random numbers from torch in the dataset, or seed NumPy in worker_init_fn",
    ),
    # checks/workers.py
    Cause(
        "workers-draw-alike",
        "each random change comes once from every worker, so that the workers add no variety",
        "seed the data set's own generator in each worker from torch.initial_seed(), or draw from torch",
        hides=("augmentation-repeats",),
    ),
    Cause(
        "workers-read-the-same",
        "every worker reads the whole stream, so that an epoch holds each sample as often as there are workers",
        "let each read its share: itertools.islice(rows, info.id, None, info.num_workers), info = get_worker_info()",
        hides=("samples-repeat",),
    ),
    Cause(
        "samples-repeat",
        "every step sees the same few samples, and the rest of the data is never trained on",
        "write for batch in loader, or keep one iterator for the whole epoch",
    ),
    Cause(
        "batch-part-unused",
        "what it says of each sample, such as an episode's end or which steps are padding, is not learned from",
        "use it in the step, as in rewards + gamma * value * (1 - done), or hand the mask to the model",
    ),
    Cause(
        "mask-apart-from-image",
        "image and mask are turned by separate random draws and no longer fit",
        "draw once for both, as torchvision.transforms.v2 does for (image, mask) pairs",
        hides=("cannot-memorize-batch",),
    ),
    Cause(
        "majority-only",
        "the rare class is never predicted, while the accuracy looks good",
        "weight the loss, as in pos_weight=negatives / positives, or resample; report recall for each class",
    ),
    Cause(
        "sorted-by-target",
        "each batch holds targets of one size, and every step unlearns the one before",
        "pass shuffle=True to the DataLoader of the training set",
    ),
    Cause(
        "label-in-inputs",
        "the answer stands in the inputs, where it will be missing when the model is used",
        "drop the column, and all that is known only after the answer",
    ),
    Cause(
        "class-never-seen",
        "a class that training lacks cannot be predicted",
        "split with stratification, such as train_test_split(..., stratify=y)",
        hides=("label-map-differs",),
    ),
    Cause(
        "label-without-information",
        "the labels do not go with the inputs, so that only their frequencies can be learned",
        "look at ten samples with their labels; shuffle inputs and labels by the same permutation",
    ),
    # checks/splits.py
    Cause(
        "valid-overlaps-train",
        "the validation score measures memory: some samples are also trained on",
        "split first, then shuffle, oversample and augment the training part alone",
    ),
    Cause(
        "valid-scaled-otherwise",
        "validation inputs lie where the model was never trained",
        "apply the same transform, with the training set's mean and standard deviation, to both",
        hides=("label-map-differs",),
    ),
    Cause(
        "label-map-differs",
        "the same number means another class in validation than in training",
        "make one mapping of classes to numbers from the training set, and use it for both",
    ),
)
