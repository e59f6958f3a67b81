// Does a build hold what it should? kustomize leaves a function out without a word when a flag is missing, and kubectl
// always does. Node.js is all that this needs:
//   kustomize build … | node check-build.mjs [--placeholders] Secret/database Secret/settings …
// Each NAME stands for an object of that name, with or without the suffix of a hash.
import { readFileSync } from 'node:fs'

const [first, ...others] = process.argv.slice(2)
const placeholders = first === '--placeholders'
const wanted = placeholders ? others : process.argv.slice(2)
const build = readFileSync(0, 'utf8')

const objects = build
  .split(/^---$/m)
  .filter((text) => text.trim() !== '')
  .map((text) => ({
    text,
    kind: field(text, /^kind: (.+)$/m),
    name: field(text, /^metadata:\n(?: {2}.*\n)*? {2}name: (.+)$/m),
  }))

function field(text, pattern) {
  return (
    pattern
      .exec(text)?.[1]
      .trim()
      .replace(/^(["'])(.*)\1$/, '$2') ?? ''
  )
}

const problems = []
for (const each of wanted) {
  const [kind, name] = each.split('/')
  const found = objects.some((object) => object.kind === kind && object.name.replace(/-[a-z0-9]{10}$/, '') === name)
  const named = objects.some((object) => object.kind === kind && object.name === name)
  if (!found && !named) problems.push(`${each} is missing: was its generator left out?`)
}
for (const { text, kind, name } of objects) {
  const of = `${kind}/${name}`
  if (/ENC\[AES256_GCM,|^sops:$/m.test(text)) problems.push(`${of} is still encrypted: was its transformer left out?`)
  if (/^apiVersion: (tsops\/|viaduct\.ai\/|goabout\.com\/)/m.test(text)) problems.push(`${of} is a configuration`)
  // The second is the first in base64.
  const stands = /placeholder-[0-9a-f]{12}|cGxhY2Vob2xkZXIt/.test(text)
  if (stands && !placeholders) problems.push(`${of} holds placeholders, no values`)
}
if (objects.length === 0) problems.push('the build is empty')

// Names alone: what stands here is kept by the log of a CI.
for (const problem of problems) console.error(`check-build: ${problem}`)
process.exitCode = problems.length === 0 ? 0 : 1
