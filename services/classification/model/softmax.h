#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace supervision::classification {

// A softmax regression: the logit of class k is biases[k] + sum over m of weights[k][m] * x[m].
struct Softmax {
  size_t classes = 0;
  size_t inputs = 0;
  std::vector<double> weights;  // classes x inputs
  std::vector<double> biases;   // per class

  // The probabilities of one row of inputs.
  void Predict(const double* x, double* probabilities) const;
};

struct SoftmaxTask {
  size_t classes = 0;
  size_t inputs = 0;
  std::vector<double> rows;      // one row of inputs a sample
  std::vector<uint32_t> labels;  // one a sample
  std::vector<double> costs;     // per class: what a sample of it counts
  double loss = 1;               // weight of the samples' loss against the ridge on the weights
};

// Minimises `loss` times the weighted log loss plus half the squared weights (biases are free), by
// Newton's method with step halving: deterministic, the same to the last bit for the same task.
Softmax FitSoftmax(const SoftmaxTask& task);

}  // namespace supervision::classification
