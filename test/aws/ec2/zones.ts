// Reading the account's regions, the region's zones and the account's attributes.

import type { Actions } from '../action.ts'
import { AwsError } from '../errors.ts'
import { chosen, FILTER, type Fields, filtered } from './list.ts'

const zoneFields: Fields<string> = {
  'opt-in-status': () => 'opt-in-not-required',
  state: () => 'available',
  'zone-name': (zone) => zone,
  'zone-type': () => 'availability-zone',
}

export const zoneActions: Actions = {
  DescribeRegions: {
    takes: ['RegionName', 'AllRegions', 'DryRun', ...FILTER],
    run({ world, allow, dryRun }) {
      allow('ec2:DescribeRegions')
      dryRun()
      const regionInfo = world.options.regions.map((regionName) => ({
        regionName,
        regionEndpoint: `ec2.${regionName}.amazonaws.com`,
        optInStatus: 'opt-in-not-required',
      }))
      return { regionInfo }
    },
  },

  DescribeAvailabilityZones: {
    takes: ['ZoneName', 'AllAvailabilityZones', 'DryRun', ...FILTER],
    run({ world, params, allow, dryRun }) {
      allow('ec2:DescribeAvailabilityZones')
      dryRun()
      const { region } = world.options
      const { zones } = world.network
      const missing = (names: string[]) =>
        new AwsError('InvalidParameterValue', `Invalid availability zones: [${names.join(', ')}]`)
      const named = chosen(params.list('ZoneName'), zones, (zone) => zone, missing)
      const availabilityZoneInfo = filtered(params, named, zoneFields).map((zoneName) => ({
        zoneName,
        zoneId: `${region.replace(/^(..)-(.).*-(\d)$/, '$1$2$3')}-az${zones.indexOf(zoneName) + 1}`,
        zoneState: 'available',
        regionName: region,
        groupName: `${region}-zg-1`,
        networkBorderGroup: region,
        optInStatus: 'opt-in-not-required',
        zoneType: 'availability-zone',
      }))
      return { availabilityZoneInfo }
    },
  },

  DescribeAccountAttributes: {
    takes: ['AttributeName', 'DryRun'],
    run({ world, params, allow, dryRun }) {
      allow('ec2:DescribeAccountAttributes')
      dryRun()
      const vpc = world.network.vpcs.find(({ isDefault }) => isDefault)
      const values = { 'supported-platforms': 'VPC', 'default-vpc': vpc?.id ?? 'none' }
      const names = params.list('AttributeName')
      const accountAttributeSet = Object.entries(values)
        .filter(([name]) => names.length === 0 || names.includes(name))
        .map(([attributeName, attributeValue]) => ({
          attributeName,
          attributeValueSet: [{ attributeValue }],
        }))
      return { accountAttributeSet }
    },
  },
}
