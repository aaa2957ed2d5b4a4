#!/usr/bin/env node
require('../dist/sockpit.cjs')
