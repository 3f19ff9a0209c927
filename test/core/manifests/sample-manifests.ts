/** Manifests as people write them; `«before→after»` marks what a release changes. */

export const deployment = `# The shop's web server.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {app: web, "tier": 'front'}
spec:
  replicas: 2
  template:
    spec:
      initContainers:
      -   name: migrate
          image:   "«demo/app→WHOLE»"   # the same image
          command: ["/bin/migrate", '--all']
      containers:
      - name: web
        image: «registry.example.org/demo/app:build-20261101t080000z-0123456→WHOLE» # by hand
        env:
        - {name: IMAGE, value: demo/app:1}
        - name: TEXT
          value: |
            image: demo/app:1
              keeps its form

      - {name: sidecar, image: docker.io/library/nginx:1.27}
      - { name: worker, image: «other.example.org:5000/demo/app@sha256:1111111111111111111111111111111111111111111111111111111111111111→WHOLE», tty: yes }
`;

export const manyDocuments = `---
apiVersion: v1
kind: Service
metadata: {name: web}
--- # the rollout
apiVersion: argoproj.io/v1alpha1
kind: Rollout
spec: {template: {spec: {containers: [{image: '«demo/app:1→WHOLE»'}]}}}
...
---
apiVersion: batch/v1
kind: CronJob
spec:
  jobTemplate: &job
    spec: {template: {spec: {containers: [{name: a, image: «demo/app:2→WHOLE»}]}}}
---
apiVersion: v1
kind: List
items:
- kind: Pod
  spec:
    containers:
    - image: «demo/app:3→WHOLE»
`;

export const kustomization = `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
  - ../../base
images:
  - name: nginx
    newTag: "1.27"
  # ours
  - name: demo/app
    newName: «old.example.org/app→registry.example.org/demo/app»
    newTag:  "«1.9→1.10@DIGEST»"
  - newTag: 'keep'
    name: demo/app-worker
  - {digest: «''→'DIGEST'», name: registry.example.org/demo/app}
patches: []
`;

export const helmValues = `# Default values.
global:
  imageRegistry: ""

web:
  replicaCount: 2
  image: # of the web server
    repository: «ghcr.io/demo/app→registry.example.org/demo/app»
    pullPolicy: IfNotPresent
    # Overrides the tag whose default is the chart's appVersion.
    tag: «1.9→"1.10"»
    digest: "«→DIGEST»"
  args:   [ "--port",  '8080' ]
worker:
  image: {repository: ghcr.io/demo/app, tag: 1.9}
`;

export const helmRelease = `apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
spec:
  values:
    image:
      repository: «ghcr.io/demo/app→registry.example.org/demo/app» # {"$imagepolicy": "flux-system:app:name"}
      tag: «1.9→"1.10"» # {"$imagepolicy": "flux-system:app:tag"}
      digest: «sha256:0→DIGEST» #  {"$imagepolicy": "flux-system:app:digest"}
    other:
      tag: 1.9 # {"$imagepolicy": "flux-system:app-two:tag"}
---
apiVersion: apps/v1
kind: Deployment
spec:
  containers:
  - name: app
    image: «ghcr.io/demo/app:1.9→WHOLE» # {"$imagepolicy": "flux-system:app"}
  - image: nginx # {not json}
`;

/** Each form was given to Flux's image-automation-controller (`internal/update`) too, which changes the same values. */
export const markers = `spec:
  quoted: "«x:1→WHOLE»"   #{"$imagepolicy":"flux-system:app"}
  extra: «x:1→WHOLE» ## {"$imagepolicy": "flux-system:app", "note": "b"}
  next:
    «x:1→WHOLE» # {"$imagepolicy": "flux-system:app"}
  above:
    # {"$imagepolicy": "flux-system:app"}

    «x:1→WHOLE»
  list:
    # {"$imagepolicy": "flux-system:app:name"}
    - «x→registry.example.org/demo/app»
    - # {"$imagepolicy": "flux-system:app:tag"}
      «1.9→"1.10"»
  flow: {
    image: «x:1→WHOLE», # {"$imagepolicy": "flux-system:app"}
    tag: "«1.9→1.10»" # {"$imagepolicy": "flux-system:app:tag"}
  }
  words: x:1 # by hand {"$imagepolicy": "flux-system:app"}
  behind: x:1 # {"$imagepolicy": "flux-system:app"} by hand
  number: x:1 # {"$imagepolicy": "flux-system:app", "n": 1}
  atKey: # {"$imagepolicy": "flux-system:app"}
    x:1
  # {"$imagepolicy": "flux-system:app"}
  ofKey: x:1
  lines:
    # words
    # {"$imagepolicy": "flux-system:app"}
    x:1
  both:
    # {"$imagepolicy": "flux-system:app"}
    x:1 # by hand
  oneFlow: {image: x:1} # {"$imagepolicy": "flux-system:app"}
  alias: &x «x:1→WHOLE» # {"$imagepolicy": "flux-system:app"}
  aliased: *x # {"$imagepolicy": "flux-system:app"}
`;

export const composeFile = `name: shop
x-web: &web
  image: "«demo/app:latest→WHOLE»"
  restart: always
services:
  web:
    <<: *web
    ports: ["8080:8080"]
    image: &image «demo/app→WHOLE»
  worker:
    image: *image
    command: worker
  db: {image: 'postgres:17'}
  built:
    build: .
`;
