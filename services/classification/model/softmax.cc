#include "services/classification/model/softmax.h"

#include <algorithm>
#include <cmath>

namespace supervision::classification {
namespace {

constexpr int kMostSteps = 50;
constexpr int kMostHalvings = 20;
constexpr double kFreeRidge = 1e-6;  // on biases: a shift of all changes nothing, yet is settled
constexpr double kEnough = 1e-8;     // relative decrease below which the minimum is reached

// Solves `matrix` x = `right` for a symmetric positive definite matrix by Cholesky; both are used
// up, the answer lies in `right`.
void Solve(std::vector<double>* matrix, std::vector<double>* right) {
  const size_t n = right->size();
  std::vector<double>& a = *matrix;
  std::vector<double>& b = *right;
  for (size_t j = 0; j < n; ++j) {
    for (size_t k = 0; k < j; ++k) {
      a[j * n + j] -= a[j * n + k] * a[j * n + k];
    }
    a[j * n + j] = std::sqrt(std::max(a[j * n + j], kFreeRidge * kFreeRidge));
    for (size_t i = j + 1; i < n; ++i) {
      double sum = a[i * n + j];
      for (size_t k = 0; k < j; ++k) {
        sum -= a[i * n + k] * a[j * n + k];
      }
      a[i * n + j] = sum / a[j * n + j];
    }
  }
  for (size_t i = 0; i < n; ++i) {
    for (size_t k = 0; k < i; ++k) b[i] -= a[i * n + k] * b[k];
    b[i] /= a[i * n + i];
  }
  for (size_t i = n; i-- > 0;) {
    for (size_t k = i + 1; k < n; ++k) b[i] -= a[k * n + i] * b[k];
    b[i] /= a[i * n + i];
  }
}

class Fitter {
 public:
  explicit Fitter(const SoftmaxTask& task)
      : task_(task), width_(task.inputs + 1), parameters_(task.classes * width_, 0.0) {}

  Softmax Run() {
    double before = Objective(parameters_);
    for (int step = 0; step < kMostSteps; ++step) {
      const std::vector<double> direction = Direction();
      double scale = 1;
      double after = before;
      std::vector<double> next;
      for (int halving = 0; halving < kMostHalvings; ++halving, scale /= 2) {
        next = parameters_;
        for (size_t i = 0; i < next.size(); ++i) next[i] -= scale * direction[i];
        after = Objective(next);
        if (after < before) break;
      }
      if (!(after < before)) break;
      parameters_ = next;
      if (before - after < kEnough * before) break;
      before = after;
    }
    Softmax fitted{task_.classes, task_.inputs, {}, {}};
    for (size_t k = 0; k < task_.classes; ++k) {
      const auto row = parameters_.begin() + static_cast<ptrdiff_t>(k * width_);
      fitted.weights.insert(fitted.weights.end(), row, row + static_cast<ptrdiff_t>(task_.inputs));
      fitted.biases.push_back(row[static_cast<ptrdiff_t>(task_.inputs)]);
    }
    return fitted;
  }

 private:
  double Input(size_t sample, size_t i) const {
    return i == task_.inputs ? 1.0 : task_.rows[sample * task_.inputs + i];
  }

  double Ridge(size_t parameter) const {
    return parameter % width_ == task_.inputs ? kFreeRidge : 1.0;
  }

  void Probabilities(const std::vector<double>& parameters, size_t sample,
                     std::vector<double>* out) const {
    double highest = -INFINITY;
    for (size_t k = 0; k < task_.classes; ++k) {
      double logit = 0;
      for (size_t i = 0; i < width_; ++i) logit += parameters[k * width_ + i] * Input(sample, i);
      (*out)[k] = logit;
      highest = std::max(highest, logit);
    }
    double sum = 0;
    for (double& value : *out) sum += value = std::exp(value - highest);
    for (double& value : *out) value /= sum;
  }

  double Objective(const std::vector<double>& parameters) const {
    double value = 0;
    for (size_t i = 0; i < parameters.size(); ++i) {
      value += Ridge(i) * parameters[i] * parameters[i] / 2;
    }
    std::vector<double> p(task_.classes);
    for (size_t s = 0; s < task_.labels.size(); ++s) {
      Probabilities(parameters, s, &p);
      const uint32_t label = task_.labels[s];
      value -= task_.loss * task_.costs[label] * std::log(std::max(p[label], 1e-300));
    }
    return value;
  }

  // Hessian^-1 gradient.
  std::vector<double> Direction() const {
    const size_t n = parameters_.size();
    std::vector<double> gradient(n);
    std::vector<double> hessian(n * n, 0.0);
    for (size_t i = 0; i < n; ++i) {
      gradient[i] = Ridge(i) * parameters_[i];
      hessian[i * n + i] = Ridge(i);
    }
    std::vector<double> p(task_.classes);
    for (size_t s = 0; s < task_.labels.size(); ++s) {
      Probabilities(parameters_, s, &p);
      const uint32_t label = task_.labels[s];
      const double cost = task_.loss * task_.costs[label];
      for (size_t k = 0; k < task_.classes; ++k) {
        const double error = cost * (p[k] - (k == label ? 1.0 : 0.0));
        for (size_t i = 0; i < width_; ++i) gradient[k * width_ + i] += error * Input(s, i);
        for (size_t other = 0; other <= k; ++other) {
          const double curve = cost * p[k] * ((k == other ? 1.0 : 0.0) - p[other]);
          if (std::fabs(curve) < 1e-9) continue;
          for (size_t i = 0; i < width_; ++i) {
            const double left = curve * Input(s, i);
            double* row = &hessian[(k * width_ + i) * n + other * width_];
            for (size_t j = 0; j < width_; ++j) row[j] += left * Input(s, j);
          }
        }
      }
    }
    Solve(&hessian, &gradient);  // reads only the lower half, which is whole
    return gradient;
  }

  const SoftmaxTask& task_;
  const size_t width_;
  std::vector<double> parameters_;
};

}  // namespace

void Softmax::Predict(const double* x, double* probabilities) const {
  double highest = -INFINITY;
  for (size_t k = 0; k < classes; ++k) {
    probabilities[k] = biases[k];
    for (size_t i = 0; i < inputs; ++i) probabilities[k] += weights[k * inputs + i] * x[i];
    highest = std::max(highest, probabilities[k]);
  }
  double sum = 0;
  for (size_t k = 0; k < classes; ++k) {
    probabilities[k] = std::exp(probabilities[k] - highest);
    sum += probabilities[k];
  }
  for (size_t k = 0; k < classes; ++k) probabilities[k] /= sum;
}

Softmax FitSoftmax(const SoftmaxTask& task) { return Fitter(task).Run(); }

}  // namespace supervision::classification
