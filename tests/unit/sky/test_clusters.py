import numpy as np

from starloom.sky import clusters, kinematics
from starloom.sky.draws import Draws

STAR = np.arange(20_000)


def _members(fraction=0.3):
    return clusters.membership(Draws(5, STAR), fraction, STAR % 2 == 0)


def test_members_are_eligible_stars_in_the_asked_share_spread_over_all_clusters():
    cluster = _members()
    assert np.all(cluster[1::2] == -1)
    np.testing.assert_allclose(np.mean(cluster[::2] >= 0), 0.3, atol=0.02)
    counts = np.bincount(cluster[cluster >= 0], minlength=clusters.COUNT)
    assert len(counts) == clusters.COUNT and counts.min() > 40


def test_members_share_numbers_and_field_stars_have_their_own():
    cluster = _members()
    common = clusters.shared(5, STAR, cluster).normal("age")
    np.testing.assert_array_equal(common[cluster < 0], Draws(5, STAR).normal("age")[cluster < 0])
    for which in (0, 17):
        assert len(np.unique(common[cluster == which])) == 1
    assert len(np.unique(common[cluster >= 0])) == clusters.COUNT


def test_members_lie_within_parsecs_of_their_centre_and_move_with_it():
    cluster = _members()
    own, common = Draws(5, STAR), clusters.shared(5, STAR, cluster)
    field = np.ones((3, len(STAR)))
    # a cluster's age is that of all its members
    age = common.uniform("age", 0.3, 4.0)
    place, dust = clusters.place_members(common, own, cluster, age, field, np.zeros(len(STAR)))
    np.testing.assert_array_equal(place[:, cluster < 0], 1.0)
    for which in range(3):
        here = place[:, cluster == which]
        np.testing.assert_allclose(here.std(axis=1), clusters.RADIUS_KPC, rtol=0.2)
        centre = here.mean(axis=1)
        assert 0.38 < np.sqrt(kinematics.dot(centre, centre)) < 4.1
        assert np.ptp(dust[cluster == which]) == 0
    motion = clusters.inner_motion(own, cluster)
    assert np.all(motion[:, cluster < 0] == 0)
    np.testing.assert_allclose(motion[:, cluster >= 0].std(), clusters.DISPERSION_KMS, rtol=0.05)


def test_a_table_without_members_is_left_as_it_was():
    nobody = np.full(len(STAR), -1)
    place, dust = np.ones((3, len(STAR))), np.ones(len(STAR))
    own = Draws(5, STAR)
    same, same_dust = clusters.place_members(own, own, nobody, dust, place, dust)
    assert same is place and same_dust is dust
    assert np.all(clusters.inner_motion(own, nobody) == 0)
