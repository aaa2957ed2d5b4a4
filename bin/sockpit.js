#!/usr/bin/env node
require('../dist/run/main.cjs')
