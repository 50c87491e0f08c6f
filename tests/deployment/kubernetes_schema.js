// Reads one JSON array of Kubernetes objects from standard input and checks each against the schema of
// its kind. The schemas let unknown fields pass; here they are closed, so that a misspelt one is
// found. Prints a line for each problem; status 1 when there is one.
"use strict";

const validation = require("@kubernetes-models/validate");

// What a schema with properties does not name is an error, at every depth.
function closed(schema) {
  if (Array.isArray(schema)) return schema.map(closed);
  if (schema === null || typeof schema !== "object") return schema;
  const copy = {};
  for (const [key, value] of Object.entries(schema)) {
    copy[key] = key === "properties"
      ? Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, closed(inner)]))
      : closed(value);
  }
  if (copy.type === "object" && copy.properties && copy.additionalProperties === undefined) {
    copy.additionalProperties = false;
  }
  return copy;
}

// Before any model is loaded: they take the function from the module when they are used.
require.cache[require.resolve("@kubernetes-models/validate")].exports = {
  ...validation,
  register: (id, schema) => validation.register(id, closed(schema)),
};
// "networking.k8s.io/v1" is the folder of its models; the core group is "v1".
const models = (apiVersion) => require(`kubernetes-models/${apiVersion}`);

function problemsOf(object) {
  const name = `${object.kind} ${object.metadata && object.metadata.name}`;
  let model;
  try {
    model = models(object.apiVersion)[object.kind];
  } catch {
    model = undefined;
  }
  if (model === undefined) return [`${name}: there is no ${object.apiVersion} ${object.kind}`];
  try {
    new model(object).validate();
    return [];
  } catch (error) {
    return (error.errors || [error]).map((problem) => {
      const field = problem.params && (problem.params.additionalProperty || "");
      return `${name}: ${problem.instancePath || ""} ${problem.message} ${field || ""}`.trim();
    });
  }
}

let text = "";
process.stdin.on("data", (chunk) => (text += chunk));
process.stdin.on("end", () => {
  const problems = JSON.parse(text).flatMap(problemsOf);
  for (const problem of problems) console.log(problem);
  process.exitCode = problems.length === 0 ? 0 : 1;
});
