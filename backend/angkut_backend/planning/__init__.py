"""Collection planning: which bins to serve in a shift, by which vehicle and in which order.

A map, in the order in which a plan comes to be; each module says more of itself:

- documents: `problem` (all that a plan depends on), `plan_document`, `changes` and `revision` (what
  people say), `notes`; what they share is in `documents`
- the problem of a shift, out of the database: `assembly` with `district`, `shifts`, `windows`,
  `rounds`, `outlook` (the forecast) and `policies`; `points` names its places
- a plan of it: `solve` has the steps. `rules` and exact times: `schedule` with `drive`,
  `timetable` and `takeover`. A first plan: `instance` (arrays) with `merge`, `greedy`, and
  `earlier` with `rising` where one is changed. What becomes of a draft: `draft` with `placing`,
  `inserter`, `insertions`, `candidates`, `glance`, `hours` and `detours`. The search: `search` with
  `trips`, `neighbours`, `vrp`, `vrp_clients`, `vrp_matrices` and `vrp_start`. Why each bin is
  there or not: `reasons`; what could not be kept to: `remarks`
- a check that shares no code with that: `checker` with `route_check`, `excuses`, `room`
  and `returns`; what it may find: `violations`
- a changed problem: `revise` with `revised_parts`, `words` and `progress` of vehicles in the shift;
  what can never be: `refusals` and `faults`
- in the database: `service` makes plans unless depots or landfills are `off_roads`, `keeping`
  solves and keeps them, `records` reads them, `decisions` puts them in force unless they are
  `outdated`, `difference` compares them, `driven` keeps what became of one
- over HTTP and as jobs: `endpoints`, `ordering`, `whereabouts` and `schemas`, `jobs`; files of a
  plan are in `exports`
"""
