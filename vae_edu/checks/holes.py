"""Exercises on the codes of an autoencoder: which points lie in a hole, and drawing points from a Gaussian fitted to them."""

import torch
from torch.distributions import MultivariateNormal

from ..language import tr
from ..latent import nearest_distance
from .measuring import Exercise, Mistake, Part, call, cases, numbers, seed, tensor

MANY = 20_000  # points drawn at once
CHANCE = 0.08  # four standard errors and more of every Part of what is drawn, for the difference of two
TAILS = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


def hole_share(points, codes, reach):
    """The share of the points (N, latent_dim) with none of the codes (M, latent_dim) within reach."""
    return (nearest_distance(points, codes) > reach).float().mean()


def _places(count, number, latent_dim, reach, centre):
    """Draw points and codes; no point lies so near the limit that rounding could decide."""

    def draw():
        codes = centre + torch.randn(number, latent_dim)
        points = centre + 4 * torch.rand(20 * count, latent_dim) - 2
        margin = (nearest_distance(points, codes) / reach - 1).abs()
        return points[margin > 0.05][:count], codes, reach

    return draw


def sample_fitted(codes, count):
    """Draw `count` points (count, 2) from the normal distribution with the codes' mean and covariance."""
    factor = torch.linalg.cholesky(codes.T.cov())
    return codes.mean(dim=0) + torch.randn(count, codes.shape[1]) @ factor.T


def fitted(function):
    """Measure a source of points by what many of them have in common; the codes fill a slanted rectangle."""
    seed()
    codes = torch.tensor([2.0, -1.0]) + (12**0.5) * (torch.rand(300, 2) - 0.5) @ torch.tensor([[1.7, 0.7], [0, 0.7]])
    few, again = (numbers(tensor(call(function, codes, 4))) for _ in range(2))
    shape = Part(tr(ja="入力: codes, 4", en="inputs: codes, 4"), torch.zeros(few.shape))
    if few.shape != (4, 2):
        return [shape]
    many = tensor(call(function, codes, MANY))
    start = [
        shape,
        Part("", _share_of_codes(few, codes), _words()["codes"], "codes"),
        Part(tr(ja=f"入力: codes, {MANY}", en=f"inputs: codes, {MANY}"), torch.zeros(many.shape)),
    ]
    if many.shape != (MANY, 2):
        return start
    scale = many.std(dim=0)
    alone = (scale.max() < 1e-3).double()  # a single point, that may differ from call to call
    unit = (many - many.mean(dim=0)) / scale.clamp(min=1e-3)
    return [
        *start,
        Part("", alone, _words()["one_point"], "one_point"),
        Part("", torch.equal(few, again) * (1 - alone), _words()["same"], "same_every_call"),
        Part(tr(ja="点の平均", en="the mean of the points"), many.mean(dim=0) * (1 - alone), tolerance=CHANCE),
        Part(tr(ja="点の共分散行列", en="the covariance matrix of the points"), many.T.cov(), tolerance=CHANCE),
        Part("", unit.quantile(torch.tensor(TAILS).double(), dim=0), _words()["shape"], "not_normal", CHANCE),
        Part("", (unit[1:] * unit[:-1]).mean(dim=0), _words()["shared"], "shared_noise", CHANCE),
    ]


def _share_of_codes(points, codes):
    return (torch.cdist(points, codes.double()).min(dim=1).values < 1e-5).double().mean()


def _words():
    return {
        "codes": tr(ja="codes の点がそのまま返っています。", en="It returns points of codes as they are."),
        "one_point": tr(ja="すべての行が同じ点です。", en="All rows are the same point."),
        "same": tr(ja="呼び出すたびに同じ点が返ります。", en="Every call gives the same points."),
        "shape": tr(ja="点の分布が正規分布ではありません。", en="The points are not distributed normally."),
        "shared": tr(ja="点どうしが独立になっていません。", en="The points are not independent of each other."),
    }


def _factor(codes):
    return torch.linalg.cholesky(codes.T.cov())


SHARE_MISTAKES = [
    Mistake(
        "within",
        lambda points, codes, reach: (nearest_distance(points, codes) <= reach).float().mean(),
        ja=(
            "reach 以内に点がある割合を返しています。",
            "穴とは、reach 以内に訓練画像の点がない場所です。これでは、穴が少ないほど値が大きくなります。",
            "不等号の向きを > にしてください。",
        ),
        en=(
            "It returns the share of points that do have a code within reach.",
            "A hole is a place without any code within reach; as it stands, fewer holes give a larger value.",
            "Turn the comparison round: > reach.",
        ),
    ),
    Mistake(
        "percent",
        lambda points, codes, reach: 100 * hole_share(points, codes, reach),
        ja=(
            "割合ではなく、百分率 (%) を返しています。",
            "0 から 1 の値を期待する計算に渡すと、100 倍の値になります。",
            "100 を掛けずに返してください。",
        ),
        en=(
            "It returns a percentage.",
            "Whatever expects a share from 0 to 1 would get a value 100 times too large.",
            "Do not multiply by 100.",
        ),
    ),
    Mistake(
        "count",
        lambda points, codes, reach: (nearest_distance(points, codes) > reach).sum(),
        ja=(
            "穴にある点の個数を返しています。",
            "個数は、選んだ点の数によって変わるので、点の選び方どうしを比べられません。",
            "点の数で割ってください (sum の代わりに mean を使います)。",
        ),
        en=(
            "It returns how many points lie in holes.",
            "That depends on how many points there are, so ways to choose points cannot be compared by it.",
            "Divide by the number of points: mean instead of sum.",
        ),
    ),
    Mistake(
        "per_point",
        lambda points, codes, reach: nearest_distance(points, codes) > reach,
        ja=(
            "点ごとに、穴にあるかどうかを返しています。",
            "求めたいのは 1 つの値、つまり、そのうち True である割合です。",
            "float() で 0 と 1 に直してから、平均を求めてください。",
        ),
        en=(
            "It says for each point whether it lies in a hole.",
            "What is asked for is one value, the share of the points for which that is True.",
            "Turn it into 0 and 1 with float() and take the mean.",
        ),
    ),
    Mistake(
        "mean_of_distances",
        lambda points, codes, reach: nearest_distance(points, codes).mean(),
        ja=(
            "最も近い点までの距離の平均を返していて、reach と比べていません。",
            "距離の目盛りはオートエンコーダごとに違うので、reach と比べて初めて「遠い」といえます。",
            "距離が reach より大きい点の割合を求めてください。",
        ),
        en=(
            "It returns the mean of the nearest distances, without comparing them with reach.",
            "Distances have another scale in every autoencoder; only beside reach can one be called large.",
            "Take the share of the points whose distance is larger than reach.",
        ),
    ),
    Mistake(
        "squared",
        lambda points, codes, reach: (nearest_distance(points, codes).square() > reach).float().mean(),
        ja=(
            "距離の 2 乗を reach と比べています。",
            "reach は距離です。2 乗と比べると、reach が 1 より小さいときは穴を見逃し、1 より大きいときは穴でない点まで数えます。",
            "差の 2 乗の和の平方根を取ってから比べてください。",
        ),
        en=(
            "The square of the distance is compared with reach.",
            "reach is a distance: if it is below 1, squares overlook holes, and if it is above 1, they count points that lie in none.",
            "Take the square root of the sum of squares before you compare.",
        ),
    ),
    Mistake(
        "wrong_axis",
        lambda points, codes, reach: (nearest_distance(codes, points) > reach).float().mean(),
        ja=(
            "codes のそれぞれから最も近い points までの距離を測っています (最小値をとる向きが逆です)。",
            "これは、選んだ点が訓練画像の点をどれだけ見逃したかの割合で、穴にある点の割合ではありません。",
            "points の 1 点ごとに、すべての codes までの距離の最小値をとってください。",
        ),
        en=(
            "It measures from each of the codes to the nearest of the points: the minimum goes along the wrong axis.",
            "That is the share of the codes that the points miss, not the share of the points in holes.",
            "For each of the points, take the smallest of its distances to all codes.",
        ),
    ),
    Mistake(
        "pairs",
        lambda points, codes, reach: (torch.cdist(points, codes) > reach).float().mean(),
        ja=(
            "points の点と codes の点のすべての組について、距離が reach より大きい割合を求めています。",
            "codes の 1 点が近くにあれば、ほかがどれだけ遠くても、そこは穴ではありません。",
            "reach と比べる前に、点ごとに距離の最小値をとってください。",
        ),
        en=(
            "It takes the share of all pairs of a point and a code that lie farther apart than reach.",
            "One code nearby is enough for a point not to lie in a hole, however far away the others are.",
            "Take each point's smallest distance before you compare with reach.",
        ),
    ),
    Mistake(
        "mean_distance",
        lambda points, codes, reach: (torch.cdist(points, codes).mean(dim=1) > reach).float().mean(),
        ja=(
            "codes までの距離の平均を reach と比べています。",
            "codes の 1 点のすぐそばにあっても、ほかの codes は遠いので、平均は大きくなります。",
            "平均の代わりに最小値をとってください。",
        ),
        en=(
            "The mean of a point's distances to the codes is compared with reach.",
            "Even beside a code that mean is large, because the other codes are far away.",
            "Take the smallest distance instead of the mean.",
        ),
    ),
    Mistake(
        "farthest",
        lambda points, codes, reach: (torch.cdist(points, codes).max(dim=1).values > reach).float().mean(),
        ja=(
            "codes の最も遠い点までの距離を使っています (max)。",
            "reach より遠い codes はほとんどいつもあるので、穴でない点まで穴と数えます。",
            "max の代わりに min を使ってください。",
        ),
        en=(
            "It uses the distance to the farthest code (max).",
            "Nearly every point has a code farther away than reach, so points count that lie in no hole.",
            "Use min instead of max.",
        ),
    ),
    Mistake(
        "centre",
        lambda points, codes, reach: ((points - codes.mean(dim=0)).norm(dim=1) > reach).float().mean(),
        ja=(
            "codes の平均からの距離を使っています。",
            "平均から遠くても、近くに訓練画像の点があれば穴ではありません。",
            "平均ではなく、codes の 1 点 1 点までの距離を求め、その最小値をとってください。",
        ),
        en=(
            "It uses the distance to the mean of the codes.",
            "A place far from the mean is no hole if a code lies near it.",
            "Take the distances to the codes themselves, and the smallest of them.",
        ),
    ),
    Mistake(
        "manhattan",
        lambda points, codes, reach: (torch.cdist(points, codes, p=1).min(dim=1).values > reach).float().mean(),
        ja=(
            "座標の差の絶対値を足しています。",
            "reach は直線で測った距離です。絶対値の和はそれより長いので、穴が多く数えられます。",
            "差の 2 乗の和の平方根を使ってください。",
        ),
        en=(
            "It adds up the absolute differences of the coordinates.",
            "reach is measured along a straight line; that sum is longer, so too many points count.",
            "Use the square root of the sum of squared differences.",
        ),
    ),
]

FITTED_MISTAKES = [
    Mistake(
        "codes_again",
        lambda codes, count: codes[torch.randint(len(codes), (count,))],
        ja=(
            "codes の点を選んで返しています。",
            "訓練画像の点をデコードしても、訓練画像の再構築が得られるだけで、新しい点は 1 つもできません。",
            "codes の平均と共分散行列だけを使い、新しい点をサンプリングしてください。",
        ),
        en=(
            "It picks some of the codes themselves.",
            "Decoded, these only give reconstructions of training images: none of the points is new.",
            "Use the codes' mean and covariance only, and draw new points.",
        ),
    ),
    Mistake(
        "first_codes",
        (
            lambda codes, count: codes[:count],
            lambda codes, count: codes[torch.randperm(len(codes))[:count]],
        ),
        ja=(
            "codes の点をそのまま返しています。",
            "新しい点が 1 つもないうえ、codes より多くの点を選ぶこともできません。",
            "codes の平均と共分散行列だけを使い、新しい点をサンプリングしてください。",
        ),
        en=(
            "It returns some of the codes as they are.",
            "None of the points is new, and there can never be more points than codes.",
            "Use the codes' mean and covariance only, and draw new points.",
        ),
    ),
    Mistake(
        "count_ignored",
        lambda codes, count: sample_fitted(codes, len(codes)),
        ja=(
            "count を使わず、codes と同じ個数の点を返しています。",
            "20 点だけをデコードしたいときにも、codes の個数だけ点ができてしまいます。",
            "標準正規分布の乱数を (count, 2) の形で作ってください。",
        ),
        en=(
            "It ignores count and returns as many points as there are codes.",
            "Whoever wants to decode twenty points would get thousands.",
            "Draw the standard normal numbers in the shape (count, 2).",
        ),
    ),
    Mistake(
        "cov_of_rows",
        (
            lambda codes, count: MultivariateNormal(codes.mean(dim=0), torch.cov(codes)).sample((count,)),
            lambda codes, count: codes.mean(dim=0) + torch.randn(count, 2) @ torch.linalg.cholesky(torch.cov(codes)).T,
        ),
        ja=(
            "torch.cov に codes をそのまま渡しています。",
            "torch.cov は行を変数とみなすので、画像どうしの (N, N) の行列になります。必要なのは、座標どうしの 2 × 2 の行列です。",
            "torch.cov(codes.T) としてください。",
        ),
        en=(
            "torch.cov is given codes as they stand.",
            "It takes rows for variables and returns an (N, N) matrix between images; what is needed is the 2 × 2 matrix between coordinates.",
            "Write torch.cov(codes.T).",
        ),
    ),
    Mistake(
        "one_point",
        (
            lambda codes, count: codes.mean(dim=0).expand(count, 2),
            lambda codes, count: sample_fitted(codes, 1).expand(count, 2),
        ),
        ja=(
            "すべての行が同じ点です。",
            "何枚デコードしても、同じ画像になります。",
            "torch.randn(count, 2) のように、点ごとに新しい乱数を使ってください。",
        ),
        en=(
            "All rows are the same point.",
            "However many of them are decoded, they give one image.",
            "Use new random numbers for every point: torch.randn(count, 2).",
        ),
    ),
    Mistake(
        "same_every_call",
        lambda codes, count: (
            codes.mean(dim=0) + torch.randn(count, 2, generator=torch.Generator().manual_seed(0)) @ _factor(codes).T
        ),
        ja=(
            "呼び出すたびに同じ点が返ります。",
            "乱数の種を関数の中で固定すると、何度呼び出しても同じ画像しか生成できません。",
            "種を固定せず、関数の中で毎回新しい乱数を使ってください。",
        ),
        en=(
            "Every call gives the same points.",
            "With a fixed seed inside the function the same images come out again and again.",
            "Use new random numbers in every call, without a seed.",
        ),
    ),
    Mistake(
        "standard_normal",
        lambda codes, count: torch.randn(count, 2),
        ja=(
            "標準正規分布 N(0, I) からサンプリングしていて、codes を使っていません。",
            "オートエンコーダの点は、原点のまわりに、ばらつき 1 で集まるとは限りません。",
            "codes の平均と共分散行列を求めて使ってください。",
        ),
        en=(
            "The points come from N(0, I); codes is not used.",
            "Nothing makes an autoencoder's codes gather round the origin with a spread of 1.",
            "Compute the codes' mean and covariance, and use them.",
        ),
    ),
    Mistake(
        "no_mean",
        lambda codes, count: torch.randn(count, 2) @ _factor(codes).T,
        ja=(
            "平均を足していません。",
            "点が原点のまわりに集まり、codes のある場所からずれてしまいます。",
            "codes.mean(dim=0) を足してください。",
        ),
        en=(
            "The mean is not added.",
            "The points gather round the origin instead of where the codes are.",
            "Add codes.mean(dim=0).",
        ),
    ),
    Mistake(
        "rectangle",
        lambda codes, count: (
            codes.min(dim=0).values + (codes.max(dim=0).values - codes.min(dim=0).values) * torch.rand(count, 2)
        ),
        ja=(
            "codes を囲む長方形から一様に選んでいます。",
            "長方形の隅のように、訓練画像の点がない場所も、点の多い場所と同じ割合で選ばれます。",
            "正規分布を当てはめてください。必要なのは、平均と共分散行列です。",
        ),
        en=(
            "The points are uniform in the rectangle around the codes.",
            "Places without any code, such as its corners, are chosen as often as places full of them.",
            "Fit a normal distribution: all it needs is the mean and the covariance.",
        ),
    ),
    Mistake(
        "independent_axes",
        lambda codes, count: codes.mean(dim=0) + codes.std(dim=0) * torch.randn(count, 2),
        ja=(
            "2 つの座標を独立にサンプリングしていて、座標どうしの共分散が使われていません。",
            "codes が斜めに広がっていても、点は軸に沿って広がり、codes のない場所に落ちます。",
            "標準偏差ではなく、共分散行列 torch.cov(codes.T) を使ってください。",
        ),
        en=(
            "Both coordinates are drawn independently; the covariance between them is left out.",
            "Where the codes spread along a slanted line, such points fall beside them.",
            "Use the covariance matrix torch.cov(codes.T) instead of the standard deviations.",
        ),
    ),
    Mistake(
        "variances",
        lambda codes, count: codes.mean(dim=0) + codes.var(dim=0) * torch.randn(count, 2),
        ja=(
            "乱数に、標準偏差ではなく分散を掛けていて、座標どうしの共分散も使われていません。",
            "広がり方が変わり、codes の向きも失われます。",
            "共分散行列 torch.cov(codes.T) と、そのコレスキー分解を使ってください。",
        ),
        en=(
            "The noise is multiplied by the variances, and the covariance between the coordinates is left out.",
            "The points spread differently from the codes, and along the axes only.",
            "Use the covariance matrix torch.cov(codes.T) and its Cholesky factor.",
        ),
    ),
    Mistake(
        "deviations",
        lambda codes, count: MultivariateNormal(codes.mean(dim=0), codes.std(dim=0).diag()).sample((count,)),
        ja=(
            "共分散行列の代わりに、標準偏差を対角に並べた行列を使っています。",
            "共分散行列の対角に並ぶのは分散で、そのほかの要素が座標どうしの関係を表します。",
            "torch.cov(codes.T) を渡してください。",
        ),
        en=(
            "A diagonal matrix of standard deviations stands in place of the covariance matrix.",
            "On the diagonal of a covariance matrix are variances, and its other elements tell how the coordinates go together.",
            "Pass torch.cov(codes.T).",
        ),
    ),
    Mistake(
        "transposed",
        lambda codes, count: codes.mean(dim=0) + torch.randn(count, 2) @ _factor(codes),
        ja=(
            "コレスキー分解の行列 L を、転置せずに右から掛けています。",
            "行ベクトル ε に右から L を掛けると、共分散は L Lᵀ ではなく Lᵀ L になります。",
            "torch.randn(count, 2) @ L.T としてください。",
        ),
        en=(
            "The Cholesky factor L is not transposed.",
            "A row of noise times L has the covariance Lᵀ L instead of L Lᵀ.",
            "Write torch.randn(count, 2) @ L.T.",
        ),
    ),
    Mistake(
        "covariance_for_factor",
        lambda codes, count: codes.mean(dim=0) + torch.randn(count, 2) @ codes.T.cov(),
        ja=(
            "乱数に、共分散行列をそのまま掛けています。",
            "1 次元で乱数に掛けるのが分散ではなく標準偏差であるのと同じで、これでは共分散が 2 乗されてしまいます。",
            "torch.linalg.cholesky で共分散行列を L Lᵀ に分解し、L.T を掛けてください。",
        ),
        en=(
            "The noise is multiplied by the covariance matrix itself.",
            "As in one dimension, where noise is multiplied by the standard deviation and not by the variance, this squares the covariance.",
            "Split it into L Lᵀ with torch.linalg.cholesky, and multiply by L.T.",
        ),
    ),
    Mistake(
        "not_centred",
        lambda codes, count: MultivariateNormal(codes.mean(dim=0), codes.T @ codes / len(codes)).sample((count,)),
        ja=(
            "共分散を求める前に、codes から平均を引いていません。",
            "原点から測った 2 乗の平均になるので、codes が原点から離れているほど、点が広がりすぎます。",
            "torch.cov(codes.T) を使うか、先に codes − codes.mean(dim=0) を計算してください。",
        ),
        en=(
            "The mean is not subtracted from codes before the covariance is computed.",
            "Squares are then measured from the origin: the farther the codes lie from it, the wider the points spread.",
            "Use torch.cov(codes.T), or compute codes − codes.mean(dim=0) first.",
        ),
    ),
    Mistake(
        "uniform",
        lambda codes, count: codes.mean(dim=0) + torch.rand(count, 2) @ _factor(codes).T,
        ja=(
            "正規分布ではなく、0 から 1 までの一様乱数を使っています (torch.rand)。",
            "一様乱数は正の値しかとらないので、点が平均の片側に寄ります。",
            "torch.randn を使ってください。n は normal の n です。",
        ),
        en=(
            "The noise is uniform between 0 and 1 (torch.rand), not normal.",
            "It is never negative, so the points lie on one side of the mean.",
            "Use torch.randn, with the n of normal.",
        ),
    ),
    Mistake(
        "one_noise",
        lambda codes, count: codes.mean(dim=0) + codes.std(dim=0) * torch.randn(count, 1),
        ja=(
            "1 つの点の 2 つの座標に、同じ乱数を使っています。",
            "点が 1 本の直線の上にしか現れません。",
            "torch.randn(count, 2) のように、座標ごとに乱数を使い、共分散行列から広がり方を決めてください。",
        ),
        en=(
            "Both coordinates of a point share one random number.",
            "All points then lie on a single line.",
            "Draw one number for each coordinate, torch.randn(count, 2), and let the covariance matrix shape them.",
        ),
    ),
]

EXERCISES = {
    "hole_share": Exercise(
        hole_share,
        (
            cases(
                _places(40, 25, 2, 0.5, torch.zeros(2)),
                _places(30, 60, 2, 0.4, torch.tensor([3.0, -5.0])),
                _places(25, 12, 3, 1.3, torch.tensor([0.0, 2.0, 9.0])),
                _places(40, 3, 2, 1.8, torch.zeros(2)),
            ),
        ),
        SHARE_MISTAKES,
    ),
    "sample_fitted": Exercise(sample_fitted, (fitted,), FITTED_MISTAKES),
}
