"""The values that travel through ipllvm, in travel order."""

from ipllvm.records.evidence import Counterexample as Counterexample
from ipllvm.records.evidence import FlipExample as FlipExample
from ipllvm.records.evidence import Transcript as Transcript
from ipllvm.records.scores import Score as Score
from ipllvm.records.scores import Scores as Scores
from ipllvm.records.values import Benchmark as Benchmark
from ipllvm.records.values import BenchmarkInfo as BenchmarkInfo
from ipllvm.records.values import Claim as Claim
from ipllvm.records.values import Contrast as Contrast
from ipllvm.records.values import Decision as Decision
from ipllvm.records.values import Estimate as Estimate
from ipllvm.records.values import ImageSource as ImageSource
from ipllvm.records.values import LayerPerturbation as LayerPerturbation
from ipllvm.records.values import Layout as Layout
from ipllvm.records.values import ModelInfo as ModelInfo
from ipllvm.records.values import NeedsArtifact as NeedsArtifact
from ipllvm.records.values import Perturbation as Perturbation
from ipllvm.records.values import Point as Point
from ipllvm.records.values import Response as Response
from ipllvm.records.values import Result as Result
from ipllvm.records.values import Sample as Sample
from ipllvm.records.values import Series as Series
from ipllvm.records.values import Stage as Stage
from ipllvm.records.values import Target as Target
from ipllvm.records.values import Trial as Trial
from ipllvm.records.values import Verdict as Verdict
