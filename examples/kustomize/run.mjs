// Builds the overlays as a cluster gets them, without keys, and with the functions left out: node examples/kustomize/run.mjs
// kustomize must be in PATH.
import { run, statusOf } from '../programs.mjs'

const build = (overlay, flags = ['--enable-alpha-plugins', '--enable-exec']) => [
  'kustomize',
  'build',
  ...flags,
  overlay,
]
const check = ['node', '../github/check-build.mjs']
const wanted = ['Secret/database', 'Secret/shop-settings', 'Deployment/shop']

for (const overlay of ['overlays/staging', 'overlays/production']) {
  console.log(`$ kustomize build --enable-alpha-plugins --enable-exec ${overlay}`)
  const objects = run('kustomize', build(overlay))
  console.log(objects)
  run('kustomize', [...check, ...wanted], { input: objects })
}

console.log('$ TSOPS_KRM_MODE=placeholder kustomize build … overlays/production')
const env = { TSOPS_KRM_MODE: 'placeholder', SOPS_AGE_KEY_FILE: '' }
const placeholders = run('kustomize', build('overlays/production'), { env })
console.log(placeholders)
run('kustomize', [...check, '--placeholders', ...wanted, 'Secret/shop-tls'], { input: placeholders })

// Without --enable-exec it succeeds, and decrypts nothing: the check says so.
const silent = run('kustomize', build('overlays/staging', ['--enable-alpha-plugins']))
const noticed = statusOf('kustomize', [...check, ...wanted], { input: silent }) === 1
console.log(noticed ? 'The check notices functions that were left out.' : 'The check did not notice it!')
if (!noticed) process.exitCode = 1
