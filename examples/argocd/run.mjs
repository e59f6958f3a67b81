// Adds each component to an installation, and builds the application as the sidecar does: node examples/argocd/run.mjs
// kustomize must be in PATH.
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { pathOf, run } from '../programs.mjs'

for (const folder of ['with-plugin', 'with-exec-function']) {
  console.log(`$ kustomize build ${folder}`)
  console.log(run('argocd', ['kustomize', 'build', folder]))
}

const { spec } = parse(readFileSync(pathOf('argocd/plugin/plugin.yaml'), 'utf8'))
const { source } = parse(readFileSync(pathOf('argocd/application.yaml'), 'utf8')).spec
const application = source.path.replace('examples/', '')
// What Argo CD adds for each application.
const env = { ARGOCD_APP_NAME: 'shop-production', ARGOCD_APP_NAMESPACE: 'shop-production', ARGOCD_APP_PARAMETERS: '[]' }

const discovered = run(application, spec.discover.find.command, { env })
console.log(`The plugin is for ${application}: ${discovered !== ''}`)
const objects = run(application, spec.generate.command, { env })
console.log(objects)
run('.', ['node', 'github/check-build.mjs', 'Secret/database', 'Secret/shop-settings', 'Secret/shop-tls'], {
  input: objects,
})
if (discovered === '') process.exitCode = 1
