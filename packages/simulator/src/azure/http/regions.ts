/** Names of regions as the service writes them; others stay as they are. */
const displayNames: Readonly<Record<string, string>> = {
  australiaeast: 'Australia East',
  canadaeast: 'Canada East',
  eastus: 'East US',
  eastus2: 'East US 2',
  francecentral: 'France Central',
  germanywestcentral: 'Germany West Central',
  japaneast: 'Japan East',
  northcentralus: 'North Central US',
  polandcentral: 'Poland Central',
  southcentralus: 'South Central US',
  swedencentral: 'Sweden Central',
  switzerlandnorth: 'Switzerland North',
  uksouth: 'UK South',
  westeurope: 'West Europe',
  westus: 'West US',
  westus3: 'West US 3',
}

export const regionName = (region: string): string => displayNames[region.toLowerCase()] ?? region
