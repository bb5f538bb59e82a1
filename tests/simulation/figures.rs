//! The figures of a run for each million requests, and what the platform bills for them.

use std::fmt;

/// The counts of a run.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Figures {
    pub(crate) requests: u64,
    pub(crate) failed: u64,
    /// Requests that went to the authorization server, or waited for one that did.
    pub(crate) waited: u64,
    /// Those of them whose token was in use: a caller had requested it within the last lifetime.
    pub(crate) waited_in_use: u64,
    pub(crate) upstream: u64,
    /// Renewal periods with an upstream request: each needs one.
    pub(crate) periods: u64,
    pub(crate) kv_reads: u64,
    pub(crate) kv_writes: u64,
    pub(crate) coordinator_calls: u64,
    pub(crate) alarms: u64,
    pub(crate) rows_written: u64,
    pub(crate) crashes: u64,
    /// Calls with a caller that went away.
    pub(crate) left: u64,
    /// Tokens that callers reported, and how many of them were replaced.
    pub(crate) reports: u64,
    pub(crate) revoked: u64,
}

impl Figures {
    /// 1.00 is ideal: one upstream request in each renewal period of each token, worldwide.
    pub(crate) fn upstream_per_period(&self) -> f64 {
        self.upstream as f64 / self.periods.max(1) as f64
    }

    fn per_million(&self, count: u64) -> f64 {
        count as f64 * 1e6 / self.requests.max(1) as f64
    }

    /// In dollars, for a million requests. Cloudflare's list prices for a million beyond what the
    /// plan includes: Worker requests 0.30, KV reads 0.50, KV writes 5.00, Durable Object requests
    /// 0.15 (an alarm is one), rows written to a Durable Object's storage 1.00. CPU time and the
    /// objects' duration are left out.
    pub(crate) fn price(&self) -> f64 {
        let priced = [
            (self.requests, 0.30),
            (self.kv_reads, 0.50),
            (self.kv_writes, 5.00),
            (self.coordinator_calls + self.alarms, 0.15),
            (self.rows_written, 1.00),
        ];
        priced.iter().map(|(count, price)| self.per_million(*count) * price / 1e6).sum()
    }
}

impl std::ops::AddAssign for Figures {
    fn add_assign(&mut self, other: Self) {
        self.requests += other.requests;
        self.failed += other.failed;
        self.waited += other.waited;
        self.waited_in_use += other.waited_in_use;
        self.upstream += other.upstream;
        self.periods += other.periods;
        self.kv_reads += other.kv_reads;
        self.kv_writes += other.kv_writes;
        self.coordinator_calls += other.coordinator_calls;
        self.alarms += other.alarms;
        self.rows_written += other.rows_written;
        self.crashes += other.crashes;
        self.left += other.left;
        self.reports += other.reports;
        self.revoked += other.revoked;
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let million = |count| self.per_million(count);
        writeln!(f, "requests                             {:>12}", self.requests)?;
        writeln!(f, "failed                               {:>12}", self.failed)?;
        writeln!(f, "upstream requests                    {:>12}", self.upstream)?;
        writeln!(f, "  for each renewal period            {:>12.4}", self.upstream_per_period())?;
        writeln!(f, "waited for upstream, for a million   {:>12.2}", million(self.waited))?;
        writeln!(f, "  for a token in use                 {:>12.2}", million(self.waited_in_use))?;
        writeln!(f, "KV reads, for a million              {:>12.1}", million(self.kv_reads))?;
        writeln!(f, "KV writes, for a million             {:>12.1}", million(self.kv_writes))?;
        writeln!(
            f,
            "coordinator calls, for a million     {:>12.1}",
            million(self.coordinator_calls)
        )?;
        writeln!(f, "alarms, for a million                {:>12.1}", million(self.alarms))?;
        writeln!(f, "rows written, for a million          {:>12.1}", million(self.rows_written))?;
        writeln!(f, "crashed coordinators                 {:>12}", self.crashes)?;
        writeln!(f, "calls whose caller went away         {:>12}", self.left)?;
        writeln!(f, "rejected tokens reported             {:>12}", self.reports)?;
        writeln!(f, "  and replaced                       {:>12}", self.revoked)?;
        write!(f, "price of a million requests          {:>12.4} $", self.price())
    }
}
