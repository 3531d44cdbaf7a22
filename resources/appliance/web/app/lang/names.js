// What is called the same in every language.
export const names = {
  "tune.tune-monash13": "Monash 2013", "tune.default": "Pythia", "tune.tune-2c": "2C", "tune.tune-2m": "2M", "tune.tune-4c": "4C", "tune.tune-4cx": "4Cx",
  "tune.tune-a2-cteq6l1": "A2 (CTEQ6L1)", "tune.tune-au2-cteq6l1": "AU2 (CTEQ6L1)", "tune.tune-cuetp8s1-cteq6l1": "CUETP8S1 (CTEQ6L1)",
  "tune.tune-cuetp8m1": "CUETP8M1", "tune.tune-a14-cteq6l1": "A14 (CTEQ6L1)", "tune.tune-a14-nnpdf23lo": "A14 (NNPDF 2.3)",
  "generator.pythia8": "Pythia", "hypervisor.qemu": "QEMU", "hypervisor.virtualbox": "VirtualBox", "p.other": "X",
};
