// Encrypted values for a chart: node examples/helm/run.mjs
// helm and bash must be in PATH.
import { existsSync } from 'node:fs'
import { pathOf, run } from '../programs.mjs'

function show(how, objects) {
  console.log(`$ ${how}\n${objects}`)
  if (!objects.includes('password: "the-password-of-helm"')) process.exitCode = 1
}

// The values go through a pipe: they are never on a disk.
const command = 'helm template shop chart --values {}'
show(`tsops exec-file secrets.yaml '${command}'`, run('helm', ['tsops', 'exec-file', 'secrets.yaml', command]))

const substitution = 'helm template shop chart --values <(tsops decrypt secrets.yaml)'
show(substitution, run('helm', ['bash', '-c', substitution]))

// What helm-secrets does with HELM_SECRETS_SOPS_PATH=tsops: a file in clear stands beside the other until it is done.
const clear = pathOf('helm/secrets.yaml.dec')
const types = '--input-type yaml --output-type yaml'
const wrapper = `trap 'rm -f secrets.yaml.dec' EXIT
tsops --decrypt ${types} --output secrets.yaml.dec secrets.yaml
helm template shop chart --values secrets.yaml.dec`
show('helm secrets template shop chart --values secrets.yaml', run('helm', ['bash', '-e', '-c', wrapper]))
if (existsSync(clear)) process.exitCode = 1
