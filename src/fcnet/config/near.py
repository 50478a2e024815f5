"""What users type, and what it is called here: other libraries' names of keys and values, and misspellings."""

import difflib
import re
from collections.abc import Sequence

# Other names of keys, without case and signs: the path of the key, or a sentence if there is none.
_KEYS: dict[str, str] = {}
for _place, _words in {
    "train.epochs": "epoch nepochs numepochs maxepochs nbepoch nbepochs trainepochs totalepochs",
    "train.batch_size": "batch bs minibatch minibatchsize trainbatchsize batchsizes",
    "train.optimizer": "optim optimiser opt solvername",
    "train.optimizer.lr": "learningrate initiallr baselr learnrate eta stepsize lrate",
    "train.schedule": "scheduler lrscheduler lrschedule learningrateschedule lrpolicy",
    "train.schedule.warmup_epochs": "warmup warmupsteps",
    "train.l2": "l2reg l2lambda regularization regularisation reg lambda l2regularization",
    "train.label_smoothing": "smoothing labelsmooth",
    "train.clip_grad_norm": "gradclip clip clipgrad gradientclip gradientclipval maxgradnorm clipnorm clipgradient",
    "train.precision": "amp fp16 bf16 mixedprecision dtype half",
    "train.early_stop": "earlystopping earlystopper stopearly",
    "train.early_stop.patience": "patience earlystoppingpatience earlystoppingrounds niternochange",
    "train.early_stop.min_gain": "mindelta minimprovement earlystoppingdelta",
    "train.average": "ema emadecay modelema useema swa exponentialmovingaverage weightaverage averaging",
    "train.max_norm": "maxnorm weightconstraint kernelconstraint maxweightnorm",
    "train.teacher": "distillation distill distil kd",
    "train.confidence_penalty": "entropypenalty entropyregularization entropybonus",
    "train.log_every": "loginterval logfreq logsteps printfreq printevery loggingsteps logeverynsteps",
    "train.save_every": "saveinterval savefreq checkpointevery saveeveryn",
    "model.hidden": "hiddensize hiddensizes hiddenlayers hiddenlayersizes hiddenunits hiddendim hiddendims nhidden"
    " units layers layersizes neurons width widths numhidden hiddenfeatures architecture arch",
    "model.activation": "act activationfn activationfunction nonlinearity activations",
    "model.dropout": "dropoutrate drop dropoutp pdrop droprate",
    "model.input_noise": "gaussiannoise inputgaussiannoise noisestd",
    "model.hidden_noise": "activationnoise hiddengaussiannoise layernoise",
    "model.batch_norm": "bn batchnormalization batchnormalisation norm usebatchnorm",
    "model.init": "initializer initialiser initialization initialisation weightinit kernelinitializer pretrained",
    "model.kind": "type modeltype family",
    "data.classes": "classnames",
    "data.source": "dataset datasetname",
    "data.root": "datadir dataroot datapath datasetroot path folder dir",
    "data.image_size": "imgsize size inputsize resize imagesize shape inputshape",
    "data.validation": "val valid validationsplit valsplit valsize valfraction dev holdout",
    "data.train": "traindata trainset traindir trainpath",
    "data.test": "testdata testset testdir testpath",
    "data.augment": "augmentation augmentations aug transforms distortion distortions",
    "data.augment.rotation": "rotate angle degrees rotations rotationrange",
    "data.augment.shift": "translate translation shifts shiftrange",
    "data.augment.scale": "zoom zoomrange",
    "data.augment.stretch": "aspect aspectratio",
    "data.augment.flip": "horizontalflip hflip randomhorizontalflip mirror",
    "data.augment.elastic": "elastictransform elasticdistortion elasticdeformation",
    "data.augment.erasing": "randomerasing cutout erase",
    "data.augment.stroke": "thickness dilate dilation erode erosion",
    "data.cache": "cachedir",
    "seed": "randomseed randomstate manualseed rngseed",
    "threads": "numthreads nthreads nthread ompnumthreads cpus ncpus numcpus cores ncores",
    "device": "gpu gpus cuda usecuda usegpu accelerator devices ngpus gpuid deviceid",
}.items():
    _KEYS |= dict.fromkeys(_words.split(), _place)
_NO_KEYS: dict[str, str] = {}
for _sentence, _words in {
    "did you mean 'data.classes'? it lists their names; by default they are read from the labels": "numclasses nclasses"
    " nbclasses classcount noutputs outputsize numlabels",
    "the images of an epoch are always shuffled; remove it": "shuffle shuffletrain",
    "images are decoded once and kept, without workers; remove it": "numworkers nworkers workers pinmemory prefetch",
    "set the run directory with --out DIR, on the command line": "outputdir outdir output out savedir logdir rundir"
    " checkpointdir savepath modeldir resultsdir workdir",
    "use --resume, on the command line": "resume resumefrom loadfrom restore",
    "a classifier's loss is the cross-entropy (see label_smoothing), an autoencoder's is model.loss": "loss criterion"
    " lossfn lossfunction objective",
    "did you mean 'train.l2'? or 'train.optimizer.weight_decay', which only adamw has": "weightdecay wd",
    "pixels are only scaled to [0, 1]; remove it": "normalize normalise mean std standardize transform",
    "metrics are always printed and written to metrics.jsonl; remove it": "verbose metrics",
}.items():
    _NO_KEYS |= dict.fromkeys(_words.split(), _sentence)
_SPLIT = dict.fromkeys(("path", "dir", "folder", "root", "image", "imagedir", "imgs", "files"), "images")
_SPLIT |= dict.fromkeys(("annotations", "csv", "target", "targets", "labelfile", "y"), "labels")
_SOLVED = dict.fromkeys(("l2", "lambda", "c", "alpha", "reg", "regularization", "penalty"), "solve.solver.ridge")

# Other names of values, without case and signs: what may be meant; the first allowed one counts.
_VALUES = {
    **dict.fromkeys(("swish",), "silu"),
    **dict.fromkeys(("lrelu", "leaky"), "leaky_relu"),
    **dict.fromkeys(("linear", "id", "none"), "identity constant default"),
    **dict.fromkeys(("logistic", "sig", "sigm"), "sigmoid"),
    **dict.fromkeys(("he", "henormal", "kaiming", "msra"), "kaiming_normal"),
    **dict.fromkeys(("heuniform",), "kaiming_uniform"),
    **dict.fromkeys(("glorot", "xavier", "glorotuniform"), "xavier_uniform"),
    **dict.fromkeys(("glorotnormal",), "xavier_normal"),
    **dict.fromkeys(("gauss", "gaussian", "randn"), "gaussian normal"),
    **dict.fromkeys(("normal", "random"), "normal gaussian"),
    **dict.fromkeys(("truncatednormal",), "trunc_normal"),
    **dict.fromkeys(("steplr", "multistep", "multisteplr", "steps"), "step"),
    **dict.fromkeys(("cos", "cosineannealing", "cosineannealinglr", "cosinedecay"), "cosine"),
    **dict.fromkeys(("onecyclelr", "1cycle"), "one_cycle"),
    **dict.fromkeys(("fixed", "const"), "constant"),
    **dict.fromkeys(("mse", "l2", "tikhonov", "squarederror"), "squared ridge"),
    **dict.fromkeys(("ce", "bce", "binarycrossentropy", "logloss"), "cross_entropy"),
    **dict.fromkeys(("fashion", "fmnist"), "fashion-mnist"),
    **dict.fromkeys(("kuzushiji",), "kmnist"),
    **dict.fromkeys(("emnist", "letters"), "emnist-letters"),
    **dict.fromkeys(("mlp", "dnn", "nn", "net", "fc", "classifier", "perceptron", "dense"), "fcnet"),
    **dict.fromkeys(("ae", "vae", "dae", "sae"), "autoencoder"),
    **dict.fromkeys(("pseudoinverse", "pinverse", "lstsq", "svd"), "pinv"),
    **dict.fromkeys(("l1",), "lasso l1"),
    **dict.fromkeys(("hinge", "svm"), "squared-hinge"),
    **dict.fromkeys(("mask", "dropout", "zeros"), "masking"),
    **dict.fromkeys(("noise",), "gaussian"),
    **dict.fromkeys(("saltpepper", "snp"), "salt_and_pepper"),
    **dict.fromkeys(("float32", "single", "float", "32", "full"), "fp32"),
    **dict.fromkeys(("float64", "double", "64"), "fp64"),
    **dict.fromkeys(("bfloat16", "16", "amp", "mixed", "half", "float16", "fp16"), "bf16"),
    **dict.fromkeys(("ram", "memory"), "resident"),
    **dict.fromkeys(("mmap", "memmap", "disk"), "mapped"),
    **dict.fromkeys(("loo", "leaveoneout", "loocv"), "press"),
    **dict.fromkeys(("ignore",), "skip"),
    **dict.fromkeys(("raise", "fail", "stop"), "error"),
    **dict.fromkeys(("equal", "uniformly", "auto"), "balanced"),
}
# What does not exist, and what is closest to it.
_ABSENT = {
    **dict.fromkeys(("rmsprop", "adagrad", "adadelta", "adamax", "nadam", "radam", "lion", "lamb"), "adam"),
    **dict.fromkeys(("momentum", "nesterov", "nag", "lbfgs"), "sgd"),
    **dict.fromkeys(("exponential", "exponentiallr", "exp", "plateau", "reducelronplateau"), "step"),
    **dict.fromkeys(("cosinewarmup", "warmup", "cosinewarmrestarts"), "cosine"),
    **dict.fromkeys(("hardtanh", "softsign"), "tanh"),
    **dict.fromkeys(("mish", "hardswish"), "silu"),
    **dict.fromkeys(("selu", "celu"), "elu"),
    **dict.fromkeys(("relu6", "threshold"), "relu"),
    **dict.fromkeys(("qmnist", "usps"), "mnist"),
}


def bare(word: str) -> str:
    """Return a word without case and signs, for comparing names."""
    return re.sub(r"[^\w]|_", "", word).lower()


def key(word: str, section: str) -> str | None:
    """Return the path of the key that a word means elsewhere, or a sentence (with spaces); None if it is unknown."""
    if section == "solve" and bare(word) in _SOLVED:
        return _SOLVED[bare(word)]
    if section in ("data.train", "data.test", "data.validation") and bare(word) in _SPLIT:
        return f"{section}.{_SPLIT[bare(word)]}"
    return _NO_KEYS.get(bare(word)) or _KEYS.get(bare(word))


def value(word: str, allowed: Sequence[str]) -> str | None:
    """Return which of the allowed names a word means, such as ``did you mean relu?``; None if that is unknown."""
    by_bare = {bare(name): name for name in reversed(allowed)}
    meant = by_bare.get(bare(word))
    if meant is None:
        meant = next((name for name in _VALUES.get(bare(word), "").split() if name in allowed), None)
    if meant is None and (absent := _ABSENT.get(bare(word))) in allowed:
        return f"there is no {word}; {absent} is closest"
    if meant is None:
        meant = next((by_bare[one] for one in difflib.get_close_matches(bare(word), by_bare, n=1)), None)
    return None if meant is None else f"did you mean {meant}?"


def device(word: str) -> str | None:
    """Return the same for a device, whose name may have a number."""
    text = word.strip().lower()
    if text in ("mps", "metal", "rocm", "hip", "xpu", "tpu"):
        return "an AMD GPU is cuda, too" if text in ("rocm", "hip") else f"{text} is not supported; choose cpu"
    if text == "cpu:0":
        return "did you mean cpu?"
    number = re.fullmatch(r"(?:cuda|gpu)?[\s:]*([0-9]{0,2})((?:[\s,;]+(?:cuda:|gpu:)?[0-9]+)*)", text)
    if number is None or not text:
        return value(word, ("auto", "cpu", "cuda"))
    meant = f"cuda:{number[1]}" if number[1] else "cuda"
    return f"a run uses one device: {meant}" if number[2] else f"did you mean {meant}?"
