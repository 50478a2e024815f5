"""What the course's programs say, in English and in Chinese.

A program writes each text in English, with its values in braces; ``CHINESE`` has the same text in Chinese. Names of
functions and formulas are the same in both, and are not looked up.
"""

from dataclasses import dataclass

LANGUAGES = {"en": "", "zh": ".zh-CN"}  # each with the end of its files' names

CHINESE = {
    "What to see: {see}": "看点：{see}",
    # axes, legends and tables of several figures
    "accuracy": "准确率",
    "accuracy (%)": "准确率（%）",
    "activation": "激活函数",
    "epoch": "轮次（epoch）",
    "epochs": "轮数",
    "hidden units": "隐藏神经元数",
    "loss": "损失",
    "loss (nats)": "损失（nats）",
    "net": "网络",
    "seconds": "秒",
    "step": "步",
    "test error": "测试错误率",
    "test error (%)": "测试错误率（%）",
    "test images": "测试图像数",
    "training loss (nats)": "训练损失（nats）",
    # activations
    "sigmoid: 1 / (1 + exp(-x))": "sigmoid：1 / (1 + exp(-x))",
    "tanh": "tanh",
    "ReLU: max(0, x)": "ReLU：max(0, x)",
    "LeakyReLU: γ = 0.1": "LeakyReLU：γ = 0.1",
    "PReLU: γ learned, here 0.25": "PReLU：γ 可学习，这里为 0.25",
    "ELU: γ = 1": "ELU：γ = 1",
    "softplus: log(1 + exp(x))": "softplus：log(1 + exp(x))",
    "GELU": "GELU",
    "SiLU": "SiLU",
    "function": "函数",
    "largest derivative": "导数的最大值",
    "sigmoid's derivative is at most 0.25, tanh's and ReLU's at most 1; where a function is flat, it is near 0.": (
        "sigmoid 的导数最大为 0.25，tanh 和 ReLU 的导数最大为 1；函数平坦之处，导数接近 0。"
    ),
    # backprop
    "training, single batches": "训练，单个批次",
    "training, mean of each epoch": "训练，每轮的平均值",
    "test, after each epoch": "测试，每轮之后",
    "64-50-10 by hand, α = {rate}: test accuracy {right:.1f} %": (
        "手写反向传播训练 64-50-10，α = {rate}：测试准确率 {right:.1f}%"
    ),
    "largest difference": "最大差异",
    "depth {depth}": "深度 {depth}",
    "64-50-10 by hand: after {steps} steps, mean loss of the epoch {loss:.4f}, test accuracy {right:.1f} %": (
        "手写反向传播训练 64-50-10：{steps} 步之后，该轮的平均损失为 {loss:.4f}，测试准确率为 {right:.1f}%"
    ),
    "gradients by hand equal those of autograd up to rounding, and gradient descent with them trains the net.": (
        "手写的梯度与自动微分的梯度只差舍入误差，用它做梯度下降就能训练网络。"
    ),
    # cross_entropy
    "probability P(x)": "概率 P(x)",
    "I(x) = -log P(x), nats": "I(x) = -log P(x)（nats）",
    "Rare events carry more information": "事件越罕见，信息量越大",
    "cross-entropy": "交叉熵",
    "entropy": "信息熵",
    "entropy of p": "p 的信息熵",
    "q of class 1": "第一类的 q",
    "q of the first class (p = 0.7)": "第一类的 q（p = 0.7）",
    "nats": "nats",
    "Cross-entropy = KL + entropy": "交叉熵 = KL 散度 + 信息熵",
    "minimum of cross-entropy at q = {cross:.2f}, of KL at q = {kl:.2f}": (
        "交叉熵的最小值在 q = {cross:.2f}，KL 散度的最小值在 q = {kl:.2f}"
    ),
    "the two curves differ by the entropy of p, so both have their minimum at q = p.": (
        "两条曲线相差 p 的信息熵，是一个常数，所以都在 q = p 处取最小值。"
    ),
    # descent
    "path": "路径",
    "J at the start": "起点的 J",
    "step {step}": "第 {step} 步",
    "α = {rate:g}, momentum {momentum:g}": "α = {rate:g}，动量 {momentum:g}",
    "a small rate is slow, 0.19 zigzags, and above 0.2 each step across the valley is longer than the one before.": (
        "学习率小则走得慢；0.19 来回振荡；超过 0.2，横跨谷底的每一步都比前一步更长。"
    ),
    # dying_relu
    "hidden units without a gradient (%)": "没有梯度的隐藏神经元（%）",
    "dead units": "死亡神经元",
    "dead units after training": "训练结束时的死亡神经元",
    "learning rate of the first {first} steps, then {small}": "前 {first} 步的学习率，之后为 {small}",
    "dead since the first steps, with rate {rate:g}": "最初几步死亡、至今未恢复的（学习率 {rate:g}）",
    "{name}, layer {layer}": "{name}，第 {layer} 层",
    "first rate": "最初的学习率",
    "if the first steps are too large, a fifth of ReLU's units die, and none of LeakyReLU's; those of layer 1 stay"
    " dead, and some of layer 2 come back, because layer 1 moves their inputs; the others are enough for these digits:"
    " the test error hardly changes.": (
        "最初几步过大时，ReLU 有五分之一的神经元死亡，LeakyReLU 则没有；第 1 层的死亡神经元不再恢复，"
        "第 2 层的有一些会恢复，因为第 1 层改变了它们的输入；余下的神经元足以识别这些数字，所以测试错误率几乎不变。"
    ),
    # elm_width
    "ELM, closed form": "ELM，闭形式解",
    "MLP, Adam": "多层感知机，Adam",
    "training time": "训练时间",
    "an ELM needs many random units: its error falls with its width, and a trained net of equal width has less.": (
        "极端学习机需要很多随机神经元：宽度越大，错误率越低；宽度相同时，经过训练的网络错误率更低。"
    ),
    # linear_depth
    "one layer, 2-2": "单层，2-2",
    "three linear layers, 2-20-20-2": "三个线性层，2-20-20-2",
    "three layers with ReLU, 2-20-20-2": "三层，层间为 ReLU，2-20-20-2",
    "accuracy {right:.1f} %": "准确率 {right:.1f}%",
    "largest |net(x) - (W x + b)|": "|net(x) - (W x + b)| 的最大值",
    "three linear layers give the same straight boundary as one; with ReLU between them, the boundary bends.": (
        "三个线性层的决策边界与单层一样，是一条直线；层间加入 ReLU 后，边界才会弯曲。"
    ),
    # softmax_mlp
    "softmax regression": "softmax 回归",
    "one hidden layer of 500": "单隐层，500 个神经元",
    "{net}: training, during each epoch": "{net}：训练集，每轮之中",
    "{net}: test, after each epoch": "{net}：测试集，每轮之后",
    "with one hidden layer, accuracy is higher than that of a linear model from the first epochs on.": (
        "加入一个隐藏层后，从最初几轮起，准确率就高于线性模型。"
    ),
    # universal
    "Fits with m hidden units": "m 个隐藏神经元的拟合",
    "hidden units m": "隐藏神经元数 m",
    "largest |F(x) - f(x)|": "|F(x) - f(x)| 的最大值",
    "largest error": "最大误差",
    "median of {draws} draws": "{draws} 次随机抽取的中位数",
    "with more hidden units, the fit follows the function more closely, and the largest error falls.": (
        "隐藏神经元越多，拟合越接近原函数，最大误差越小。"
    ),
    # vanishing
    "layer {layer}": "第 {layer} 层",
    "layer l ({last} is the output layer)": "第 l 层（第 {last} 层为输出层）",
    "norm of dL/dW(l)": "dL/dW(l) 的范数",
    "before the first step, {depth} hidden layers of {width} units": (
        "训练开始之前，{depth} 个隐藏层，每层 {width} 个神经元"
    ),
    "going back from the output, sigmoid's gradient shrinks at each layer; tanh's and ReLU's keep their size.": (
        "从输出层往回，sigmoid 的梯度每过一层就缩小一次；tanh 和 ReLU 的梯度大小基本不变。"
    ),
    # zero_centred
    "64-50-50-10, gradient descent, α = {rate}": "64-50-50-10，梯度下降，α = {rate}",
    "loss, epoch {epoch}": "第 {epoch} 轮的损失",
    "first epoch below 0.5": "首次低于 0.5 的轮次",
    "with tanh, whose outputs have both signs, the loss falls much sooner than with sigmoid.": (
        "tanh 的输出有正有负，损失的下降比 sigmoid 快得多。"
    ),
}


@dataclass(frozen=True)
class Words:
    """A language; called with a text in English and its values, it returns the text in the language.

    Raises KeyError if the catalogue lacks the text.
    """

    language: str

    def __call__(self, text: str, **values: object) -> str:
        """Return a text with its values in their places."""
        return (text if self.language == "en" else CHINESE[text]).format(**values)
