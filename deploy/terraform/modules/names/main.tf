# Names of resources. Those with a * are unique in all of Azure, so the suffix is in them.
locals {
  base   = "${var.project}-${var.environment}"
  unique = var.suffix == "" ? local.base : "${local.base}-${var.suffix}"
}
