//! Many figures at once: Holm's step-down procedure (S. Holm, *Scand. J. Statist.* 6, 1979, 65–70).

/// For each p-value whether it stands when all are looked at together with family-wise error `alpha`.
pub(crate) fn stands(p: &[f64], alpha: f64) -> Vec<bool> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let mut stands = vec![false; p.len()];
    for (rank, &i) in order.iter().enumerate() {
        if p[i] > alpha / (p.len() - rank) as f64 {
            break;
        }
        stands[i] = true;
    }
    stands
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_textbook_family() {
        // 0.01 ≤ 0.05/4, 0.03 > 0.05/3: the rest falls with it, even what would stand alone.
        assert_eq!(stands(&[0.03, 0.01, 0.04, 0.04], 0.05), [false, true, false, false]);
        assert_eq!(stands(&[0.01, 0.03, 0.04], 0.05), [true, false, false]);
        assert_eq!(stands(&[0.01, 0.02, 0.05], 0.05), [true, true, true]);
        assert!(stands(&[], 0.05).is_empty());
    }
}
