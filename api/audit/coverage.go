package audit

func Document(usage string) string { return usage }
