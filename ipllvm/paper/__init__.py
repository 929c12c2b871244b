"""The paper's tables and figures beside what was measured: parts, plan, cells, drawings and pages."""
