// The annotations by which a function tells kustomize what its own generators are told by fields.

export const hashAnnotation = 'kustomize.config.k8s.io/needs-hash'
export const behaviorAnnotation = 'kustomize.config.k8s.io/behavior'
export const behaviors = ['create', 'merge', 'replace'] as const

/** What is about the configuration itself and does not belong to what it makes. */
export function isOwnAnnotation(key: string): boolean {
  const [prefix = '', name = ''] = key.split('/')
  if (prefix === 'config.kubernetes.io' || prefix === 'config.k8s.io') {
    return ['local-config', 'function', 'index', 'path', 'id'].includes(name)
  }
  return prefix === 'internal.config.kubernetes.io' || key === 'kustomize.config.k8s.io/id'
}
