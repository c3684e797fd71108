# SPDX-License-Identifier: MIT
"""Whether cluster/kubernetes is what Kubernetes and the programs take. Ends with 1 and says where if not."""

import copy
import os
import pathlib
import re
import subprocess
import sys

import kubernetes_validate
import yaml

ROOT = pathlib.Path("cluster/kubernetes")
# The oldest release that is still looked after somewhere, and the newest that the schemas know.
VERSIONS = ["1.31", "1.37"]
PROGRAMS = pathlib.Path(os.environ.get("BITNET_BIN", ".build/release"))
# Kinds that are no part of Kubernetes: their pods are checked, not they.
FOREIGN = {"Kustomization", "LeaderWorkerSet"}


def documents(folder):
    for path in sorted((ROOT / folder).glob("*.yaml")):
        if path.name in ("workers.yaml", "names.yaml"):
            continue
        for document in yaml.safe_load_all(path.read_text()):
            yield path, document


def templates(document):
    """The pods that a document has made."""
    spec = document.get("spec", {})
    if "template" in spec:
        yield spec["template"]
    for name in ("leaderTemplate", "workerTemplate"):
        if name in spec.get("leaderWorkerTemplate", {}):
            yield spec["leaderWorkerTemplate"][name]


def schema_faults(document):
    """What the schemas of Kubernetes say against it."""
    found = []
    plain = [document] if document["kind"] not in FOREIGN else []
    pods = [
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod", **t["metadata"]}, "spec": t["spec"]}
        for t in templates(document)
    ]
    for version in VERSIONS:
        for one in plain + pods:
            try:
                kubernetes_validate.validate(one, version, strict=True)
            except kubernetes_validate.ValidationError as error:
                place = ".".join(str(part) for part in error.path)
                found.append(f"{one['kind']} {version} {place}: {error.message[:200]}")
    return found


def options(program):
    """The long options of a program, or nothing if it is not built."""
    path = PROGRAMS / program
    if not path.exists():
        return None
    text = subprocess.run([path, "--help"], capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"--[a-z0-9-]+", text))


def pod_faults(template):
    """What does not fit together inside a pod, or is less guarded than it could be."""
    spec = template["spec"]
    volumes = {volume["name"] for volume in spec.get("volumes", [])}
    for container in spec["containers"]:
        guard = container.get("securityContext", {})
        if guard.get("allowPrivilegeEscalation") is not False or not guard.get("readOnlyRootFilesystem"):
            yield "a container may become more, or write to its image"
        if guard.get("capabilities", {}).get("drop") != ["ALL"]:
            yield "a container keeps capabilities"
        ports = {port["name"] for port in container["ports"]}
        for name in ("startupProbe", "readinessProbe", "livenessProbe"):
            probe = container.get(name, {})
            port = (probe.get("tcpSocket") or probe.get("httpGet") or {}).get("port")
            if port not in ports:
                yield f"{name} asks no port of the container"
        if "memory" not in container["resources"]["requests"]:
            yield "no memory is requested"
        known = options(container["command"][0])
        given = {argument.split("=")[0] for argument in container["args"]}
        if known is not None and given - known:
            yield f"{container['command'][0]} knows no {' '.join(sorted(given - known))}"
        mounts = {mount["mountPath"] for mount in container["volumeMounts"]}
        for argument in container["args"]:
            value = argument.partition("=")[2]
            if value.startswith("/") and not any(value.startswith(mount) for mount in mounts):
                yield f"{argument} lies in no volume"
    if not spec.get("securityContext", {}).get("runAsNonRoot"):
        yield "it runs as root"


def set_faults(all_documents):
    """What does not fit together between documents."""
    services = {d["metadata"]["name"]: d for d in all_documents if d["kind"] == "Service"}
    labels = [t["metadata"]["labels"] for d in all_documents for t in templates(d)]
    claims = {d["metadata"]["name"] for d in all_documents if d["kind"] == "PersistentVolumeClaim"}
    for document in all_documents:
        name = f"{document['kind']} {document.get('metadata', {}).get('name')}"
        spec = document.get("spec", {})
        if document["kind"] == "StatefulSet" and spec["serviceName"] not in services:
            yield f"{name}: no Service {spec['serviceName']}"
        selector = spec.get("selector") or spec.get("podSelector")
        if selector:
            wanted = selector.get("matchLabels", selector)
            if not any(wanted.items() <= one.items() for one in labels):
                yield f"{name}: selects no pod"
        for template in templates(document):
            mounted = {m["name"] for c in template["spec"]["containers"] for m in c["volumeMounts"]}
            made = {claim["metadata"]["name"] for claim in spec.get("volumeClaimTemplates", [])}
            given = {volume["name"] for volume in template["spec"]["volumes"]} | made
            if mounted != given:
                yield f"{name}: volumes {sorted(given)} and mounts {sorted(mounted)}"
            for volume in template["spec"]["volumes"]:
                claim = volume.get("persistentVolumeClaim", {}).get("claimName")
                if claim and claim not in claims:
                    yield f"{name}: no claim {claim}"


def kustomization_faults(folder):
    """Files that a kustomization forgets, or names in vain."""
    kustomization = yaml.safe_load((ROOT / folder / "kustomization.yaml").read_text())
    named = set(kustomization["resources"]) | set(kustomization.get("configurations", []))
    named |= {file for one in kustomization["configMapGenerator"] for file in one["files"]}
    for name in named:
        if not (ROOT / folder / name).exists():
            yield f"{folder}: no {name}"
    there = {path.name for path in (ROOT / folder).iterdir()} - {"kustomization.yaml"}
    yield from (f"{folder}: {name} is not named" for name in sorted(there - named))


def discovery_faults(base, group):
    """Cluster files that look for other names, or for more workers than there are."""
    by_kind = {d["kind"]: d for d in base + group}
    namespace = yaml.safe_load((ROOT / "base/kustomization.yaml").read_text())["namespace"]
    stateful, leader = by_kind["StatefulSet"]["spec"], by_kind["LeaderWorkerSet"]
    wanted = {
        "base": (stateful["serviceName"], stateful["replicas"]),
        "leaderworkerset": (leader["metadata"]["name"], leader["spec"]["leaderWorkerTemplate"]["size"] - 1),
    }
    for folder, (service, count) in wanted.items():
        workers = yaml.safe_load((ROOT / folder / "workers.yaml").read_text())["workers"]
        if workers["dns"] != f"{service}.{namespace}.svc.cluster.local" or workers["count"] != count:
            yield f"{folder}/workers.yaml: {workers}, expected {service} and {count}"


def can_fail():
    """The check on what is wrong: a schema that takes everything would be none."""
    base = [document for _, document in documents("base")]
    wrong = copy.deepcopy(next(d for d in base if d["kind"] == "StatefulSet"))
    wrong["spec"]["template"]["spec"]["containers"][0]["livenessProb"] = {}
    assert schema_faults(wrong), "an unknown field is taken"
    wrong = copy.deepcopy(next(d for d in base if d["kind"] == "Deployment"))
    wrong["spec"]["replicas"] = "one"
    assert schema_faults(wrong), "a word is taken for a number"
    del wrong["spec"]["template"]["spec"]["securityContext"]
    assert list(pod_faults(wrong["spec"]["template"])), "a pod of root's is taken"
    assert list(set_faults([d for d in base if d["kind"] != "Service"])), "a set without its Service is taken"


def main():
    can_fail()
    faults = []
    gathered = {}
    for folder in ("base", "leaderworkerset"):
        gathered[folder] = []
        for path, document in documents(folder):
            gathered[folder].append(document)
            faults += [f"{path}: {fault}" for fault in schema_faults(document)]
            for template in templates(document):
                faults += [f"{path}: {fault}" for fault in pod_faults(template)]
        faults += kustomization_faults(folder)
    faults += set_faults(gathered["base"])
    services = [d for d in gathered["base"] if d["kind"] in ("Service", "PersistentVolumeClaim")]
    faults += set_faults(gathered["leaderworkerset"] + [d for d in services if d["kind"] != "Service"])
    faults += discovery_faults(gathered["base"], gathered["leaderworkerset"])
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"{sum(map(len, gathered.values()))} documents, {len(faults)} faults")
    return 1 if faults else 0


sys.exit(main())
